import './support/small-network.js';
import * as assert from 'uvu/assert';
import { argmax, softmax } from '../lib/metrics/softmax.js';
import { fitTemperature } from '../lib/metrics/temperature.js';
import { calibrate } from '../lib/pipeline/calibrate.js';
import { evaluate } from '../lib/pipeline/evaluate.js';
import { predict } from '../lib/pipeline/predict.js';
import { random } from '../lib/random.js';
import { collect, ofType } from './support/events.js';
import { suite } from './support/suite.js';
import { classes, photosOf, quicklyTrained, read, readOften, size } from './support/training.js';

const test = suite('calibration');

/** Logits whose labels are drawn by their softmax at `temperature`. */
function simulated(count: number, temperature: number) {
  const draw = random(1, 'logits', temperature);
  return Array.from({ length: count }, () => {
    const scores = Array.from({ length: 5 }, () => 2 * draw.normal());
    let left = draw.next();
    const truth = softmax(scores).findIndex((share) => {
      left -= share;
      return left < 0;
    });
    return { truth: Math.max(0, truth), logits: scores.map((score) => temperature * score) };
  });
}

test('a known temperature is found again', () => {
  for (const temperature of [0.4, 1, 2.5, 9]) {
    const fitted = fitTemperature(simulated(20_000, temperature)) ?? Number.NaN;
    // Of 20,000 photos the fit has a deviation of 1 %.
    assert.ok(Math.abs(fitted / temperature - 1) < 0.04, `${fitted} is not ${temperature}`);
  }
});

test('logits that overflow, and those far from zero, are fitted alike', () => {
  const photos = simulated(300, 1.5);
  const moved = (by: number) =>
    photos.map(({ truth, logits }) => ({ truth, logits: logits.map((logit) => logit + by) }));
  const fitted = fitTemperature(photos) as number;
  for (const by of [-800, 5_000]) {
    assert.ok(Math.abs((fitTemperature(moved(by)) as number) - fitted) < 1e-9);
  }
});

test('there is no temperature where all photos are told right, or worse than by chance', () => {
  const photos = (truth: number) =>
    Array.from({ length: 60 }, (_, index) => ({ truth, logits: [1 + (index % 3), 0] }));
  assert.is(fitTemperature(photos(0)), null);
  assert.is(fitTemperature(photos(1)), null);
  assert.is(fitTemperature([]), null);
  assert.is(fitTemperature([{ truth: 0, logits: [Number.NaN, 0] }]), null);
  // One photo in four is told wrong: log 3 is the fitting distance of logits that differ by 1.
  const mixed = [0, 0, 0, 1].map((truth) => ({ truth, logits: [1, 0] }));
  assert.ok(Math.abs((fitTemperature(mixed) as number) - 1 / Math.log(3)) < 1e-12);
});

/** Labels that brightness tells of three photos in four. */
const photos = photosOf('val', 60);
const classifier = await quicklyTrained(photos);

test('a model is calibrated on validation, and tells the same labels with other confidences', async () => {
  const options = { classifier, model: 'model.pt', photos, read: readOften, size };
  const judged = async () => {
    const { events } = await collect(evaluate({ ...options, split: 'val', report: null }));
    const [evaluated] = ofType(events, 'evaluated');
    assert.ok(evaluated);
    return evaluated;
  };
  const before = await judged();
  const { events, result } = await collect(calibrate(options));
  assert.equal(
    events.map(({ type }) => type),
    ['stage', 'progress', 'progress', 'calibrated'],
    ofType(events, 'warning')[0]?.message,
  );
  const told = ofType(events, 'calibrated')[0];
  assert.equal(result, { temperature: told?.temperature, threshold: told?.threshold });
  assert.ok(result);
  assert.is(classifier.temperature, 1, 'to be set by who keeps the model');
  classifier.temperature = result.temperature;
  const after = await judged();
  assert.equal([before.temperature, after.temperature], [1, result.temperature]);
  assert.equal([before.ece, after.eceUncalibrated], [before.eceUncalibrated, before.ece]);
  assert.ok(after.ece < before.ece, `${after.ece} is not below ${before.ece}`);
  assert.ok((after.logLoss ?? 9) < (before.logLoss ?? 0));
  assert.equal(after.confusion, before.confusion);
});

test('predictions are as sure as the temperature says, and the same', async () => {
  const [first] = photos as [(typeof photos)[number]];
  const pixels = await read(first);
  const predicted = async () => {
    const asked = [{ name: first.key, pixels: async () => pixels }];
    const { events } = await collect(predict({ classifier, photos: asked }));
    return ofType(events, 'predicted')[0];
  };
  const logits = await classifier.predict({ pixels, count: 1, height: size, width: size });
  for (const temperature of [1, 3]) {
    classifier.temperature = temperature;
    const told = await predicted();
    assert.is(told?.label, classes[argmax(logits)]);
    assert.is(told?.confidence, Math.max(...softmax(logits, temperature)));
  }
});

test('too few photos, or those that no temperature fits, leave the model as it is with a warning', async () => {
  const options = { classifier, read: readOften, size };
  const warned = async (changes: Partial<Parameters<typeof calibrate>[0]>) => {
    const { events, result } = await collect(calibrate({ ...options, photos, ...changes }));
    assert.is(result, null);
    assert.is(ofType(events, 'calibrated').length, 0);
    const [warning] = ofType(events, 'warning');
    assert.is(warning?.code, 'NOT_CALIBRATED');
    return warning?.message ?? '';
  };
  assert.match(await warned({ photos: photos.slice(0, 49) }), /50 .* there are 49\.$/);
  const sameLabel = photos.filter(({ label }) => label === classes[0]);
  const all = [...sameLabel, ...sameLabel];
  assert.match(await warned({ photos: all, read }), /all validation photos right/);
});

test('a stop while calibrating ends it without a word', async () => {
  const abort = new AbortController();
  const options = { classifier, photos, read: readOften, size, signal: abort.signal };
  const { events, result } = await collect(calibrate(options), ({ type }) => {
    if (type === 'progress') abort.abort();
  });
  assert.is(result, null);
  assert.equal(
    events.map(({ type }) => type),
    ['stage', 'progress'],
  );
});

test.run();
