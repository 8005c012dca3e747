import './support/small-network.js';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import type { CatalogPhoto } from '../lib/catalog/catalog.js';
import { GillnetError } from '../lib/errors.js';
import { evaluate } from '../lib/pipeline/evaluate.js';
import { Pictures } from '../lib/pipeline/pictures.js';
import { predict } from '../lib/pipeline/predict.js';
import { failsWith } from './support/errors.js';
import { collect, ofType } from './support/events.js';
import { floatsOf } from './support/native.js';
import { photo, picture } from './support/photos.js';
import { suite } from './support/suite.js';
import { float32 } from './support/tensors.js';
import { classes, photos, quicklyTrained, read, size, type val } from './support/training.js';

const test = suite('evaluate and predict');
const classifier = await quicklyTrained(photos);
// What is added to the weights of both classes changes no confidence: something speaks for each then, not for light alone.
const weight = floatsOf(await classifier.state(), 'fc.weight');
const largest = Math.max(...weight.map(Math.abs));
await classifier.setState({
  'fc.weight': float32(
    [2, weight.length / 2],
    weight.map((value) => value + largest),
  ),
});

test('evaluation judges all photos; labels that the model does not know are named', async () => {
  const options = {
    classifier,
    model: 'model.pt',
    photos,
    read,
    size,
    split: 'test',
    report: null,
  };
  const { events } = await collect(evaluate(options));
  const [evaluated] = ofType(events, 'evaluated');
  assert.is(evaluated?.photos, photos.length);
  assert.is(
    evaluated?.confusion.flat().reduce((a, b) => a + b, 0),
    photos.length,
  );
  assert.is(
    evaluated?.accuracy,
    ((evaluated?.confusion[0]?.[0] ?? 0) + (evaluated?.confusion[1]?.[1] ?? 0)) / photos.length,
  );
  const stranger = photo({ key: 'test/x', label: 'whale' });
  const error = await failsWith('NOT_ENOUGH_PHOTOS', () =>
    collect(evaluate({ ...options, photos: [stranger] })),
  );
  assert.match(error.message, /whale/);
  await failsWith('NOT_ENOUGH_PHOTOS', () => collect(evaluate({ ...options, photos: [] })));
  const refuse = async () => {
    throw new GillnetError('NOT_A_PHOTO', 'cut off');
  };
  const unread = await failsWith('NOT_ENOUGH_PHOTOS', () =>
    collect(evaluate({ ...options, read: refuse })),
  );
  assert.match(unread.message, /None of the 14 photos of test could be read/);
});

test('the surest mistakes are told before the figures, each with its picture and what spoke for it', async () => {
  const other = (label: string) => classes.find((each) => each !== label) as string;
  const [unpictured, gone] = photos as [(typeof val)[number], (typeof val)[number]];
  const reads = new Map<CatalogPhoto, number>();
  const options = {
    ...{ classifier, model: 'model.pt', photos, size, split: 'test', report: null },
    read: async (each: CatalogPhoto) => {
      reads.set(each, (reads.get(each) ?? 0) + 1);
      if (each === gone && reads.get(each) === 2) throw new GillnetError('NOT_FOUND', 'gone');
      return read({ ...each, label: other(each.label) });
    },
    pictures: new Pictures(async (each) => {
      if (each === unpictured) throw new GillnetError('NOT_A_PHOTO', 'cut off');
      return picture('x.webp', { r: 90, g: 90, b: 90 }, { width: 60, height: 40 });
    }),
  };
  const { events } = await collect(evaluate(options));
  const [evaluated] = ofType(events, 'evaluated');
  assert.is(evaluated?.accuracy, 0, 'all are wrong');
  const mistakes = ofType(events, 'mistaken');
  const named = mistakes.map(({ photo }) => photo);
  assert.ok(!named.includes(unpictured.key) && !named.includes(gone.key));
  assert.ok(mistakes.length >= 10 && mistakes.length <= 12, `${mistakes.length} of 14`);
  const confidences = mistakes.map(({ confidence }) => confidence);
  assert.equal(
    confidences,
    confidences.toSorted((a, b) => b - a),
  );
  for (const mistaken of mistakes) {
    assert.is(mistaken.predicted, other(mistaken.label));
    const told = ofType(events, 'picture').find(({ photo }) => photo === mistaken.photo);
    assert.ok(told && events.indexOf(told) < events.indexOf(mistaken));
    const [before, after] = await Promise.all(
      [told.image, mistaken.heat].map((image) =>
        sharp(Buffer.from(image, 'base64')).raw().toBuffer({ resolveWithObject: true }),
      ),
    );
    assert.equal([after?.info.width, after?.info.height], [60, 40]);
    const reddest = Math.max(...(after?.data.filter((_, at) => at % 3 === 0) ?? []));
    assert.ok(reddest > Math.max(...(before?.data ?? [])) + 50, 'warm somewhere');
  }
  assert.is(events.at(-1)?.type, 'evaluated');
});

test('prediction ranks all labels, and a broken photo does not stop the others', async () => {
  const good = {
    name: 'good.jpg',
    pixels: () => read(photos[0] as CatalogPhoto),
    expected: 'dark',
  };
  const bad = {
    name: 'bad.jpg',
    pixels: async () => {
      throw new GillnetError('NOT_A_PHOTO', 'cut off');
    },
  };
  const { events } = await collect(predict({ classifier, photos: [bad, good], top: 1 }));
  assert.equal(
    events.map(({ type }) => type),
    ['error', 'predicted', 'tried'],
  );
  const [predicted] = ofType(events, 'predicted');
  assert.is(predicted?.ranked.length, 1);
  assert.is(predicted?.label, predicted?.ranked[0]?.label);
  assert.ok((predicted?.confidence ?? 0) >= 0.5);
  const right = predicted?.label === good.expected ? 1 : 0;
  const [tried] = ofType(events, 'tried');
  assert.equal([tried?.photos, tried?.right], [1, right]);
});

test.run();
