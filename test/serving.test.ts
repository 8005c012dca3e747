import './support/small-network.js';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { rank } from '../lib/metrics/softmax.js';
import { Classifier } from '../lib/model/classifier.js';
import { decodeModel } from '../lib/model/model-file.js';
import { decode } from '../lib/photos/decode.js';
import { Admission } from '../lib/serving/admission.js';
import { Batcher } from '../lib/serving/batcher.js';
import { BadPhotos, Overloaded, TimedOut } from '../lib/serving/refusals.js';
import { ofType } from './support/events.js';
import { modelsOf, noisePhoto, predictorOf, randomModel, size } from './support/serving.js';
import { suite } from './support/suite.js';

const test = suite('serving');

const never = new AbortController().signal;
const isOverloaded = (error: unknown) => error instanceof Overloaded;
const inASecond = (error: Overloaded) => error.retryAfter === 1;
const caught = <T>(work: Promise<T>) => work.then(() => null).catch((error: unknown) => error);
const files = [await randomModel(1), await randomModel(2)] as [Buffer, Buffer];
const photos = await Promise.all(
  Array.from({ length: 40 }, async (_, index) => ({
    name: `${index}.png`,
    bytes: await noisePhoto(index),
  })),
);
const [photo] = photos as [(typeof photos)[number]];

/** What a model tells of each photo by itself. */
async function ranked(file: Buffer, given: typeof photos) {
  const classifier = await Classifier.of(decodeModel(file, 'model.pt'));
  const labels = [];
  for (const { bytes } of given) {
    const pixels = await decode(bytes, size);
    const logits = await classifier.predict({ pixels, count: 1, height: size, width: size });
    labels.push(rank(logits, classifier.classes));
  }
  classifier.dispose();
  return labels;
}
/** What both models tell of the first one. */
const rankedByBoth = (await Promise.all(files.map((file) => ranked(file, [photo])))).flat();

test('a photo alone is a batch at once, and what comes meanwhile is the next, up to the most', async () => {
  const batches: number[][] = [];
  const ends: (() => void)[] = [];
  const batcher = new Batcher<number, number>(async (items) => {
    batches.push(items);
    await new Promise<void>((resolve) => ends.push(resolve));
    return items.map((item) => 10 * item);
  }, 3);
  const first = batcher.submit(1, never);
  await pause(5);
  assert.equal(batches, [[1]]);
  const others = [2, 3, 4, 5].map((item) => batcher.submit(item, never));
  await pause(5);
  assert.is(batches.length, 1);
  for (let count = 1; count <= 3; count += 1) {
    ends.shift()?.();
    await pause(5);
  }
  assert.equal(batches, [[1], [2, 3, 4], [5]]);
  assert.equal(await Promise.all([first, ...others]), [10, 20, 30, 40, 50]);
});

test('what is aborted leaves the queue, and what fails fails its own batch alone', async () => {
  const batches: number[][] = [];
  let isFirst = true;
  const batcher = new Batcher<number, number>(async (items) => {
    batches.push(items);
    await pause(5);
    if (isFirst) {
      isFirst = false;
      throw new Error('no batch');
    }
    return items;
  }, 8);
  const failing = caught(batcher.submit(1, never));
  await pause(1);
  const gone = new AbortController();
  const left = caught(batcher.submit(2, gone.signal));
  const stays = batcher.submit(3, never);
  gone.abort(new Error('gone'));
  assert.is(((await left) as Error).message, 'gone');
  assert.is(((await failing) as Error).message, 'no batch');
  assert.is(await stays, 3);
  assert.equal(batches, [[1], [3]]);
  assert.is(((await caught(batcher.submit(4, gone.signal))) as Error).message, 'gone');
});

test('more photos than the queue takes are refused, with the seconds until there is room', () => {
  let idle = 0;
  const admission = new Admission(4, () => {
    idle += 1;
  });
  const leave = admission.admit(3);
  assert.throws(() => admission.admit(2), inASecond);
  const leaveLast = admission.admit(1);
  leave(true);
  assert.equal([admission.inside, idle], [1, 0]);
  leaveLast(false);
  assert.equal([admission.inside, idle], [0, 1]);
  assert.throws(() => admission.admit(5), isOverloaded);
});

test('silence is no part of the pace by which room is foretold', async () => {
  const admission = new Admission(4, () => {});
  admission.admit(1)(true);
  await pause(1500);
  // One photo in 1.5 s would be five seconds for three.
  const leave = admission.admit(4);
  assert.throws(() => admission.admit(3), inASecond);
  leave(true);
});

test('answers are the model’s own, whatever shares their batch', async () => {
  const { folder, names } = await modelsOf(files[0]);
  const { predictor, told, end } = await predictorOf(folder);
  const answers = await Promise.all(photos.map((each) => predictor.answer([each], { top: 2 })));
  const alone = await ranked(files[0], photos);
  for (const [index, { model, predictions }] of answers.entries()) {
    const expected = alone[index] ?? [];
    assert.is(model.name, names[0]);
    assert.equal(predictions, [
      {
        ...{ photo: `${index}.png`, ...expected[0], sure: true },
        ranked: expected.slice(0, 2),
      },
    ]);
  }
  assert.ok(Math.max(...told.batches) > 1, 'some came together');
  assert.is(
    told.batches.reduce((a, b) => a + b, 0),
    photos.length,
  );
  assert.is(told.predictions.length, photos.length);
  assert.is(predictor.waiting, 0);
  await end();
});

test('a promotion takes over under load, and no request is dropped', async () => {
  const { folder, names, promoted } = await modelsOf(...files);
  await promoted(0);
  const { predictor, served, told, end } = await predictorOf(folder);
  const first = served.current;
  let stopped = false;
  const seen = new Set<string>();
  const clients = Array.from({ length: 8 }, async () => {
    let count = 0;
    for (; !stopped; count += 1) {
      const { model, predictions } = await predictor.answer([photo]);
      seen.add(model.name);
      assert.equal(predictions[0]?.ranked, rankedByBoth[names.indexOf(model.name)]);
    }
    return count;
  });
  for (const index of [1, 0, 1]) {
    await promoted(index);
    await served.refresh();
    assert.is(served.current.name, names[index]);
    await predictor.answer([photo]);
  }
  stopped = true;
  const counts = await Promise.all(clients);
  assert.ok(counts.every((count) => count > 0));
  assert.equal([...seen].sort(), names);
  assert.equal(
    ofType(told.events, 'served').map(({ model, before }) => [model, before]),
    [1, 0, 1].map((index) => [names[index], names[1 - index]]),
  );
  const error = await caught(
    first.see({ pixels: new Uint8Array(size * size * 3), explain: false }, never),
  );
  assert.match(String(error), /disposed/, 'the first one’s memory is free');
  await end();
});

test('a promotion that can’t be used changes nothing, is told once, and another goes over it', async () => {
  const { folder, names, promoted, store } = await modelsOf(...files, Buffer.from('no model'));
  await promoted(0);
  const { predictor, served, told, end } = await predictorOf(folder);
  await promoted(2);
  await served.refresh();
  await served.refresh();
  assert.is((await predictor.answer([photo])).model.name, names[0]);
  const warnings = ofType(told.events, 'warning');
  assert.equal(
    warnings.map(({ code }) => code),
    ['NOT_SERVED'],
  );
  assert.match(warnings[0]?.message ?? '', new RegExp(`^${names[0]} goes on serving: ${names[2]}`));

  await promoted(1);
  await writeFile(path.join(store.location, names[1] as string), files[0]);
  await served.refresh();
  assert.match(ofType(told.events, 'warning')[1]?.message ?? '', /is not what was promoted/);
  await rm(path.join(store.location, names[1] as string));
  for (let look = 0; look < 3; look += 1) await served.refresh();
  assert.is(ofType(told.events, 'warning').length, 3, 'what is not there is told once, too');
  await writeFile(path.join(store.location, names[1] as string), files[1]);
  await served.refresh();
  assert.is(served.current.name, names[1], 'its bytes have come back');
  await end();
});

test('bad photos refuse the whole request, each by its name', async () => {
  const { folder } = await modelsOf(files[0]);
  const { predictor, told, end } = await predictorOf(folder, { limits: { photoPixels: 64 * 64 } });
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  const error = await caught(
    predictor.answer([
      photo,
      { name: 'drawn.png', bytes: svg },
      { name: 'cut.png', bytes: photo.bytes.subarray(0, 500) },
      { name: 'large.png', bytes: await noisePhoto(1, 65) },
    ]),
  );
  assert.instance(error, BadPhotos);
  const details = Object.fromEntries(
    (error as BadPhotos).photos.map(({ photo: name, detail }) => [name, detail]),
  );
  assert.equal(Object.keys(details).sort(), ['cut.png', 'drawn.png', 'large.png']);
  assert.is(details['drawn.png'], 'It is no JPEG, PNG, WebP, GIF or TIFF.');
  assert.match(details['large.png'] ?? '', /65 × 65 pixels, and 4096 are the most/);
  assert.equal([predictor.waiting, told.predictions.length], [0, 0]);
  await end();
});

test('the queue is bounded, a time limit ends the waiting, and who went away is forgotten', async () => {
  const { folder } = await modelsOf(files[0]);
  const { predictor, told, end } = await predictorOf(folder, {
    limits: { queue: 3, seconds: 1e-3 },
  });
  const gone = new AbortController();
  const waiting = Array.from({ length: 3 }, () =>
    caught(predictor.answer([photo], { signal: gone.signal })),
  );
  assert.instance(await caught(predictor.answer([photo])), Overloaded);
  gone.abort(new Error('gone'));
  assert.equal(
    (await Promise.all(waiting)).map((error) => (error as Error).message),
    ['gone', 'gone', 'gone'],
  );
  assert.instance(await caught(predictor.answer(photos.slice(0, 3))), TimedOut);
  assert.is(predictor.waiting, 0);
  await pause(50);
  assert.is(told.predictions.length, 0);
  await end();
});

test('an explanation is transparent where the photo says nothing, and the same beside others', async () => {
  const { folder } = await modelsOf(files[0]);
  const { predictor, end } = await predictorOf(folder);
  const wide = { name: 'wide', bytes: await noisePhoto(3, 300) };
  const [alone, { predictions }] = await Promise.all([
    predictor.answer([photo], { explain: true }),
    predictor.answer([...photos.slice(1, 9), wide, photo], { explain: true }),
  ]);
  const explanation = predictions.at(-1)?.explanation;
  assert.equal(explanation, alone.predictions[0]?.explanation);
  assert.equal([explanation?.width, explanation?.height], [size, size]);
  assert.is(predictions[8]?.explanation?.width, 256);
  const { data, info } = await (await import('sharp'))
    .default(explanation?.png)
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.is(info.channels, 4);
  const opacities = Array.from({ length: size * size }, (_, at) => data[4 * at + 3] as number);
  assert.ok(Math.max(...opacities) <= 166 && Math.max(...opacities) > 100);
  assert.is((await predictor.answer([photo])).predictions[0]?.explanation, undefined);
  await end();
});

test('a shadow sees what was answered, and its differences are counted', async () => {
  const { folder, promoted } = await modelsOf(...files);
  await promoted(0);
  await promoted(1, 'staging');
  const { predictor, told, end } = await predictorOf(folder, { shadow: 'staging' });
  const [own, other] = rankedByBoth;
  await predictor.answer([photo]);
  while (told.shadows.length === 0) await pause(5);
  const [best] = own ?? [];
  const same = other?.find(({ label }) => label === best?.label);
  assert.equal(told.shadows, [
    {
      labelDiffers: other?.[0]?.label !== best?.label,
      confidenceDifference: Math.abs((same?.confidence ?? 0) - (best?.confidence ?? 0)),
    },
  ]);
  await Promise.all(photos.map((each) => predictor.answer([each])));
  while (told.shadows.length <= photos.length) await pause(5);
  assert.is(told.predictions.length, photos.length + 1, 'its own predictions are nobody’s');
  await end();
});

test.run();
