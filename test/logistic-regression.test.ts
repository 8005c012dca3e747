import * as assert from 'uvu/assert';
import { softmax } from '../lib/metrics/softmax.js';
import { fitHead, outOfFold } from '../lib/model/logistic-regression.js';
import type { NativeFolds } from '../lib/native.js';
import { random } from '../lib/random.js';
import { failsWith } from './support/errors.js';
import { suite } from './support/suite.js';

const test = suite('native: logistic regression of features');

/** Photos whose features say little of their labels, parted into four folds. */
function folds(count: number, width: number, classes: number): NativeFolds {
  const draw = random(1, 'features');
  return {
    ...{ count, width, classes, penalty: 1 },
    features: Float32Array.from({ length: count * width }, () => draw.normal()),
    labels: Int32Array.from({ length: count }, (_, index) => index % classes),
    folds: Int32Array.from({ length: count }, (_, index) => Math.floor(index / classes) % 4),
  };
}

const few = folds(24, 3, 2);
const changed = (values: Int32Array, index: number, value: number) =>
  values.map((before, place) => (place === index ? value : before));

test('what can not be fitted is refused, and says why', async () => {
  const wrong: [expected: RegExp, folds: object][] = [
    [/24 values for labels but received 23/, { ...few, labels: few.labels.subarray(1) }],
    [/24 values for folds but received 25/, { ...few, folds: new Int32Array(25) }],
    [/75 values for features but received 72/, { ...few, count: 25 }],
    [/a Float32Array for features/, { ...few, features: new Float64Array(72) }],
    [/an Int32Array for labels but received undefined/, { ...few, labels: undefined }],
    [/an Int32Array for folds/, { ...few, folds: [...few.folds] }],
    [/a whole number from 1 to 2147483647 for count/, { ...few, count: 0 }],
    [/for width/, { ...few, width: 1.5 }],
    [/for classes/, { ...few, classes: 0 }],
    [/Label 3 is 2; expected 0…1/, { ...few, labels: changed(few.labels, 3, 2) }],
    [/Fold 5 is -1; expected 0…23/, { ...few, folds: changed(few.folds, 5, -1) }],
    [/Fold 5 is 24; expected 0…23/, { ...few, folds: changed(few.folds, 5, 24) }],
    [/Class 2 stands in no fold/, { ...few, classes: 3 }],
    [/Class 0 stands in one fold alone/, { ...few, folds: few.labels }],
    [/Feature 1 of photo 2 is not finite/, { ...few, features: few.features.with(7, Number.NaN) }],
    [/a number above 0 for penalty/, { ...few, penalty: 0 }],
    [/a number above 0 for penalty/, { ...few, penalty: Number.NaN }],
  ];
  for (const [expected, given] of wrong) {
    const error = await failsWith('INVALID_ARGUMENT', () => outOfFold(given as NativeFolds));
    assert.match(error.message, expected);
  }
});

test('each row sums to 1, the same each time, and knows nothing of its own label', async () => {
  const told = await outOfFold(few);
  assert.equal(await outOfFold(few), told);
  for (let row = 0; row < few.count; row += 1) {
    const [a, b] = told.subarray(2 * row, 2 * row + 2) as unknown as [number, number];
    assert.ok(a > 0 && b > 0 && Math.abs(a + b - 1) < 1e-6);
  }
  const others = await outOfFold({ ...few, labels: changed(few.labels, 0, 1) });
  assert.equal(others.subarray(0, 2), told.subarray(0, 2));
  assert.is.not(others[2 * 2], told[2 * 2]);
});

test('folds may be numbered with gaps', async () => {
  const told = await outOfFold({ ...few, folds: few.folds.map((fold) => 5 * fold) });
  assert.equal(told, await outOfFold(few));
});

test('it ends when it is to, and JavaScript goes on meanwhile', async () => {
  const many = folds(6_000, 512, 40);
  const abort = new AbortController();
  await failsWith('INTERRUPTED', () => outOfFold(few, AbortSignal.abort()));
  const fit = outOfFold(many, abort.signal);
  let turns = 0;
  const ticking = setInterval(() => {
    turns += 1;
  }, 10);
  await new Promise((resolve) => setTimeout(resolve, 500));
  clearInterval(ticking);
  assert.ok(turns >= 5, `${turns} turns in half a second`);
  const began = performance.now();
  abort.abort();
  await failsWith('INTERRUPTED', () => fit);
  assert.ok(performance.now() - began < 2_000);
  // The engine is free again.
  assert.is((await outOfFold(few)).length, few.count * few.classes);
});

test('the head has the least penalised loss, in terms of the features themselves', async () => {
  const photos = { ...folds(60, 4, 3), penalty: 2 };
  const { count, width, classes, labels, penalty } = photos;
  // Far from standardised, and one that never changes.
  const features = photos.features.map((value, at) =>
    at % width === 3 ? 0.7 : 5 + 10 ** (at % width) * value,
  );
  const { weight, bias, loss, correct } = await fitHead({ ...photos, features });
  assert.is(weight.length, classes * width);
  const row = (photo: number) => features.subarray(photo * width, (photo + 1) * width);
  const mean = (of: (photo: number) => number) =>
    Array.from({ length: count }, (_, photo) => of(photo)).reduce((sum, each) => sum + each) /
    count;
  const told = (photo: number) =>
    softmax(
      Array.from({ length: classes }, (_, each) =>
        row(photo).reduce(
          (sum, value, at) => sum + value * (weight[each * width + at] as number),
          bias[each] as number,
        ),
      ),
    );
  const own = (photo: number) => told(photo)[labels[photo] as number] as number;
  assert.ok(Math.abs(loss - mean((photo) => -Math.log(own(photo)))) < 1e-5, `loss ${loss}`);
  assert.is(correct, count * mean((photo) => (own(photo) === Math.max(...told(photo)) ? 1 : 0)));
  // What is least has no slope: each weight's, on standardised features, and each intercept's.
  for (let truth = 0; truth < classes; truth += 1) {
    const error = (photo: number) =>
      (told(photo)[truth] as number) - (labels[photo] === truth ? 1 : 0);
    assert.ok(Math.abs(mean(error)) < 1e-5, `intercept ${truth}: ${mean(error)}`);
    for (let at = 0; at < width; at += 1) {
      const centre = mean((photo) => row(photo)[at] as number);
      const deviation = Math.sqrt(mean((photo) => ((row(photo)[at] as number) - centre) ** 2));
      const weighs = weight[truth * width + at] as number;
      if (at === 3) {
        assert.is(weighs, 0);
        continue;
      }
      const slope =
        count *
          mean((photo) => error(photo) * (((row(photo)[at] as number) - centre) / deviation)) +
        penalty * weighs * deviation;
      assert.ok(Math.abs(slope) < 1e-3, `${truth}, ${at}: ${slope}`);
    }
  }
  await failsWith('INTERRUPTED', () => fitHead(photos, AbortSignal.abort()));
  await failsWith('INVALID_ARGUMENT', () => fitHead({ ...photos, classes: 2 }));
});

test.run();
