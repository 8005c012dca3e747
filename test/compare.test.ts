import './support/small-network.js';
import { PassThrough } from 'node:stream';
import * as assert from 'uvu/assert';
import type { CatalogPhoto } from '../lib/catalog/catalog.js';
import { GillnetError } from '../lib/errors.js';
import { linesFace } from '../lib/faces/lines.js';
import { mcnemar } from '../lib/metrics/mcnemar.js';
import { Classifier } from '../lib/model/classifier.js';
import { type Compared, compare } from '../lib/pipeline/compare.js';
import { failsWith } from './support/errors.js';
import { collect, ofType } from './support/events.js';
import { photo } from './support/photos.js';
import { suite } from './support/suite.js';
import { float32 } from './support/tensors.js';

const test = suite('comparing two models');

const size = 64;

/** Says `answer` of every photo, with the confidence that a head without weights has from its bias alone. */
async function constant(classes: string[], answer: string): Promise<Classifier> {
  const classifier = new Classifier({ classes, imageSize: size, seed: null });
  const bias = classes.map((each) => (each === answer ? 3 : 0));
  await classifier.setState({ 'fc.bias': float32([classes.length], bias) });
  return classifier;
}

const photos: CatalogPhoto[] = [
  ...Array.from({ length: 7 }, (_, index) => photo({ key: `test/cat/${index}`, label: 'cat' })),
  ...Array.from({ length: 2 }, (_, index) => photo({ key: `test/dog/${index}`, label: 'dog' })),
  photo({ key: 'test/fox/0', label: 'fox' }),
];

const modelOf = (classifier: Classifier, name: string, changes: Partial<Compared> = {}) => ({
  ...{ name, classifier, read: async () => new Uint8Array(size * size * 3) },
  hasSeen: () => false,
  ...changes,
});

test('which photos changed, and by whom, is told by names of labels, not by their order', async () => {
  const [a, b] = [
    await constant(['cat', 'dog'], 'dog'),
    await constant(['dog', 'fox', 'cat'], 'cat'),
  ];
  const first = modelOf(a, 'a.pt', { hasSeen: ({ key }) => key === 'test/cat/3' });
  const second = modelOf(b, 'b.pt');
  const { events } = await collect(compare({ first, second, photos, split: 'test' }));
  a.dispose();
  b.dispose();
  assert.match(
    ofType(events, 'warning')[0]?.message ?? '',
    /^b\.pt knows fox, which a\.pt does not/,
  );
  const told = ofType(events, 'compared')[0] ?? (assert.unreachable() as never);
  const { models, worse, better, bothRight, bothWrong, unknown, p, difference } = told;
  assert.equal(
    models.map(({ model, right, accuracy, seen }) => [model, right, accuracy, seen]),
    [
      ['a.pt', 2, 2 / 9, 1],
      ['b.pt', 7, 7 / 9, 0],
    ],
  );
  assert.equal([told.photos, bothRight, bothWrong, unknown], [9, 0, 0, 1]);
  assert.equal(worse.map((each) => each.photo).sort(), ['test/dog/0', 'test/dog/1']);
  assert.is(better.length, 7);
  assert.equal([worse[0]?.first.label, worse[0]?.second.label], ['dog', 'cat']);
  // Softmax of (3, 0) and of (3, 0, 0).
  assert.ok(Math.abs((worse[0]?.first.confidence ?? 0) - 1 / (1 + Math.exp(-3))) < 1e-6);
  assert.ok(Math.abs((worse[0]?.second.confidence ?? 0) - 1 / (1 + 2 * Math.exp(-3))) < 1e-6);
  assert.equal(
    better.filter(({ seen }) => seen).map((each) => each.photo),
    ['test/cat/3'],
  );
  assert.is(difference, 5 / 9);
  // By hand: twice the chance of 2 or fewer of 9.
  assert.ok(Math.abs(p - (2 * (1 + 9 + 36)) / 512) < 1e-12);
  assert.is(p, mcnemar({ firstAlone: 2, secondAlone: 7 }));

  const stream = new PassThrough({ encoding: 'utf8' });
  linesFace(stream, stream).read(told);
  const text = stream.read();
  assert.match(
    text,
    /^compared on 9 photos of test: a\.pt 22\.2 %, b\.pt 77\.8 %, \+55\.6 points \(95 %: /,
  );
  assert.match(text, /9 told differently, McNemar p = 0\.1797, which chance may explain\n/);
  assert.match(text, /^A right +0 +2\nA wrong +7 +0$/m);
  assert.match(text, /^ {2}test\/cat\/3: cat, not dog \(95\.3 %\), seen in training$/m);
});

test('a photo that one model can’t be shown is left out for both', async () => {
  const [a, b] = [await constant(['cat', 'dog'], 'cat'), await constant(['cat', 'dog'], 'cat')];
  const broken = async ({ key }: CatalogPhoto) => {
    if (key === 'test/cat/1') throw new GillnetError('NOT_A_PHOTO', 'broken');
    return new Uint8Array(size * size * 3);
  };
  const second = modelOf(b, 'b.pt', { read: broken });
  const options = { first: modelOf(a, 'a.pt'), second, photos, split: 'test' };
  const { events } = await collect(compare(options));
  const [told] = ofType(events, 'compared');
  assert.equal([told?.photos, told?.bothRight, told?.bothWrong, told?.p], [8, 6, 2, 1]);
  assert.is(ofType(events, 'skipped')[0]?.photo, 'test/cat/1');

  const foxes = photos.filter(({ label }) => label === 'fox');
  const error = await failsWith('NOT_ENOUGH_PHOTOS', () =>
    collect(compare({ ...options, photos: foxes })),
  );
  assert.match(error.message, /a\.pt knows cat, dog/);
  a.dispose();
  b.dispose();
});

test.run();
