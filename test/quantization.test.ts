import './support/small-network.js';
import * as assert from 'uvu/assert';
import type { CatalogPhoto } from '../lib/catalog/catalog.js';
import { GillnetError } from '../lib/errors.js';
import { Classifier } from '../lib/model/classifier.js';
import { infersInt8 } from '../lib/model/int8.js';
import { quantize } from '../lib/pipeline/quantize.js';
import { collect, ofType } from './support/events.js';
import { suite } from './support/suite.js';
import { classes, photosOf, quicklyTrained, read, readOften, size } from './support/training.js';

const test = suite('quantization');

const [train, val] = [photosOf('train', 300), photosOf('val', 40)];
const classifier = await quicklyTrained(train);
const given = { classifier, train, val, read: readOften, size, seed: 1, float32Accuracy: 0.75 };
/** Two batches to calibrate by. */
const few = { ...given, train: train.slice(0, 40) };
const pixels = await read(val[0] as CatalogPhoto);
const predicted = () => classifier.predict({ pixels, count: 1, height: size, width: size });
const exact = await predicted();

if (infersInt8()) {
  test('int8 is kept where validation falls by half a point at most', async () => {
    for (const [float32Accuracy, kept] of [
      [0.755, true],
      [0.7551, false],
      [0.5, true],
    ] as const) {
      const { events, result } = await collect(quantize({ ...few, float32Accuracy }));
      const [{ time: _, ...told } = {}] = ofType(events, 'quantized');
      const figures = { photos: 40, valAccuracy: 0.75, float32Accuracy, kept };
      assert.equal(told, { type: 'quantized', ...figures });
      assert.is(result?.valAccuracy, kept ? 0.75 : undefined);
      assert.equal(await predicted(), exact, 'in float32 again');
    }
  });

  test('the photos to calibrate by are drawn by the seed, and what they give tells them apart', async () => {
    const drawnBy = async (seed: number) => {
      const drawn = new Set<string>();
      const counted = (each: CatalogPhoto) => {
        drawn.add(each.key);
        return readOften(each);
      };
      const { result } = await collect(quantize({ ...given, seed, read: counted }));
      return { drawn: [...drawn].filter((key) => key.startsWith('train/')), ...result };
    };
    const [first, again, other] = [await drawnBy(1), await drawnBy(1), await drawnBy(2)];
    assert.is(first.drawn.length, 256);
    assert.equal(again, first);
    assert.not.equal(other.drawn, first.drawn);
    assert.not.equal(other.maxima, first.maxima);

    await classifier.quantize(Float32Array.from(first.maxima ?? []));
    const rough = await predicted();
    await classifier.quantize(null);
    assert.not.equal(rough, exact);
    const apart = rough.map((logit, index) => Math.abs(logit - (exact[index] ?? 0)));
    assert.ok(Math.max(...apart) < 0.1 * Math.max(...exact.map(Math.abs)), `${rough} ${exact}`);
  });

  test('what another device has trained is quantized on the processor', async () => {
    const options = { classes, imageSize: size, device: 'plain', seed: null } as const;
    const other = new Classifier(options);
    await other.setState(await classifier.state());
    const { result } = await collect(quantize({ ...few, classifier: other }));
    other.dispose();
    assert.equal(result, (await collect(quantize(few))).result);
  });

  test('photos that can’t be read are told of; with none that can there is no int8', async () => {
    const refuse = async ({ key }: CatalogPhoto) => {
      throw new GillnetError('NOT_A_PHOTO', `${key} is none.`);
    };
    const someTrain = (each: CatalogPhoto) =>
      each.key === 'train/0' ? refuse(each) : readOften(each);
    const five = { ...given, train: train.slice(0, 5) };
    const some = await collect(quantize({ ...five, read: someTrain }));
    assert.is(ofType(some.events, 'skipped')[0]?.photo, 'train/0');
    assert.is(ofType(some.events, 'quantized')[0]?.photos, 4);
    // Of each convolution.
    assert.is(some.result?.maxima.length, 12);

    const none = await collect(quantize({ ...five, read: refuse }));
    assert.is(none.result, null);
    assert.is(ofType(none.events, 'skipped').length, 5);
    assert.is(ofType(none.events, 'warning')[0]?.code, 'NOT_QUANTIZED');
  });

  test('a stop ends it without a word, in float32', async () => {
    for (const progress of [1, 3]) {
      const abort = new AbortController();
      let seen = 0;
      const { events, result } = await collect(
        quantize({ ...few, signal: abort.signal }),
        ({ type }) => {
          if (type === 'progress') seen += 1;
          if (seen === progress) abort.abort();
        },
      );
      assert.is(result, null);
      assert.is(seen, progress, 'one while it calibrates, one while it judges');
      assert.equal(new Set(events.map(({ type }) => type)), new Set(['stage', 'progress']));
      assert.equal(await predicted(), exact);
    }
  });
}

test.run();
