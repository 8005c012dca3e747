import './support/small-network.js';
import * as assert from 'uvu/assert';
import type { Judgement } from '../lib/metrics/judgement.js';
import { sureAccuracy, thresholdOf } from '../lib/metrics/selective.js';
import { predict } from '../lib/pipeline/predict.js';
import { collect, ofType } from './support/events.js';
import { suite } from './support/suite.js';
import { photosOf, quicklyTrained, read } from './support/training.js';

const test = suite('selective classification');

/** A photo of class 0 that is told by this confidence, rightly or not. */
const judged = (confidence: number, right = true): Judgement => ({
  truth: right ? 0 : 1,
  confidences: [confidence, 1 - confidence],
});
const rights = (count: number, confidence: number) =>
  Array.from({ length: count }, () => judged(confidence));

test('the threshold is the lowest confidence from which 95 of 100 photos are right', () => {
  assert.is(sureAccuracy, 0.95);
  assert.is(thresholdOf(rights(3, 0.6)), 0.6, 'all right');
  // 19 of 20 from 0.7 on; the next mistake makes it 19 of 21.
  const some = [...rights(19, 0.9), judged(0.7, false), judged(0.6, false)];
  assert.is(thresholdOf(some), 0.7);
  // A mistake among the surest is made up for by those that follow: 37 of 39 are too few, 38 of 40 are enough.
  assert.is(thresholdOf([judged(0.99, false), judged(0.98, false), ...rights(37, 0.8)]), 1);
  assert.is(thresholdOf([judged(0.99, false), judged(0.98, false), ...rights(38, 0.8)]), 0.8);
});

test('photos of one confidence are sure together or not at all, whatever their order', () => {
  const equal = [judged(0.5, false), ...rights(10, 0.5)];
  assert.is(thresholdOf([...rights(5, 0.8), ...equal]), 0.8);
  assert.is(thresholdOf([...rights(5, 0.8), ...equal.reverse()]), 0.8);
});

test('where no confidence is high enough, or nobody was judged, none is', () => {
  assert.is(thresholdOf([judged(0.9, false), ...rights(10, 0.6)]), 1);
  assert.is(thresholdOf([]), 1);
});

test('a prediction is sure from the threshold on', async () => {
  const photos = photosOf('val', 8);
  const classifier = await quicklyTrained(photos);
  const asked = [{ name: 'a', pixels: async () => read(photos[0] as (typeof photos)[number]) }];
  const told = async () =>
    ofType((await collect(predict({ classifier, photos: asked }))).events, 'predicted')[0];
  const { confidence = 0, sure } = (await told()) ?? {};
  assert.is(sure, true, 'a model without a threshold');
  classifier.threshold = confidence;
  assert.is((await told())?.sure, true);
  classifier.threshold = confidence + 1e-9;
  assert.is((await told())?.sure, false);
  classifier.dispose();
});

test.run();
