import * as assert from 'uvu/assert';
import type { CatalogPhoto } from '../lib/catalog/catalog.js';
import { classAccuracies } from '../lib/metrics/judgement.js';
import { metricsOf } from '../lib/metrics/metrics.js';
import { reliabilityOf } from '../lib/metrics/reliability.js';
import { rank, softmax } from '../lib/metrics/softmax.js';
import { mostWrong } from '../lib/pipeline/mistakes.js';
import { near } from './support/near.js';
import { suite } from './support/suite.js';

const test = suite('metrics');

test('softmax and ranking, also of logits that overflow', () => {
  const [a, b] = softmax([1000, 1001]) as [number, number];
  near(a, 1 / (1 + Math.E));
  near(a + b, 1);
  assert.equal(
    rank([0, 3, 1], ['x', 'y', 'z']).map(({ label }) => label),
    ['y', 'z', 'x'],
  );
});

test('accuracy, per-class figures and macro F1 equal a calculation by hand', () => {
  // Truth 0: predicted 0, 0, 1. Truth 1: predicted 1. Truth 2: predicted 0. Class 3 never occurs.
  const certain = (truth: number, predicted: number) => ({
    truth,
    confidences: [0, 1, 2, 3].map((index) => (index === predicted ? 0.7 : 0.1)),
  });
  const metrics = metricsOf(
    [certain(0, 0), certain(0, 0), certain(0, 1), certain(1, 1), certain(2, 0)],
    4,
  );
  assert.equal(metrics.confusion, [
    [2, 1, 0, 0],
    [0, 1, 0, 0],
    [1, 0, 0, 0],
    [0, 0, 0, 0],
  ]);
  near(metrics.accuracy, 3 / 5);
  assert.equal(
    metrics.perClass.map(({ support }) => support),
    [3, 1, 1, 0],
  );
  near(metrics.perClass[0]?.precision, 2 / 3);
  near(metrics.perClass[0]?.recall, 2 / 3);
  near(metrics.perClass[1]?.f1, 2 / 3);
  near(metrics.macroF1, (2 / 3 + 2 / 3 + 0) / 3);
  assert.equal(
    [metrics.perClass[3], metrics.perClass[2]?.precision, metrics.perClass[2]?.auc],
    [
      {
        ...{ precision: null, precisionInterval: null, recall: null, recallInterval: null },
        ...{ f1: null, support: 0, auc: null },
      },
      null,
      0.5,
    ],
    'what is 0/0 is undefined',
  );
  // All five in the bin (0.667, 0.733]: mean confidence 0.7, accuracy 0.6.
  near(metrics.ece, 0.1);
});

test('a confidence at the edge of two bins is in the lower one', () => {
  for (const share of [1, 3, 6, 7, 9, 14, 15]) {
    const confidences = Array.from({ length: 30 }, (_, index) => (index === 0 ? share / 15 : 0));
    const counts = reliabilityOf([{ truth: 0, confidences }]).map(({ count }) => count);
    assert.is(counts.indexOf(1), share - 1, `${share}/15`);
  }
});

test('no judgement gives no figure that is no number', () => {
  const metrics = metricsOf([], 2);
  assert.equal(JSON.parse(JSON.stringify(metrics)), metrics);
  assert.equal([metrics.accuracyInterval, metrics.logLoss, metrics.auc], [null, null, null]);
});

test('of a judge who is never wrong macro F1 has no interval, as no resample differs', () => {
  const judgements = [0, 0, 1, 1].map((truth) => ({
    truth,
    confidences: truth === 0 ? [0.9, 0.1] : [0.1, 0.9],
  }));
  const { macroF1, macroF1Interval, accuracyInterval } = metricsOf(judgements, 2);
  assert.equal([macroF1, macroF1Interval], [1, null]);
  near(accuracyInterval?.[0], 1 / (1 + 1.959963984540054 ** 2 / 4));
});

test('a calibrated judge has no calibration error', () => {
  const judgements = Array.from({ length: 10 }, (_, index) => ({
    truth: index < 8 ? 0 : 1,
    confidences: [0.8, 0.2],
  }));
  near(metricsOf(judgements, 2).ece, 0);
});

test('the accuracy of each class, and the worst mistakes first', () => {
  const judgements = [
    { truth: 0, confidences: [0.9, 0.1, 0] },
    { truth: 0, confidences: [0.3, 0.6, 0.1] },
    { truth: 1, confidences: [0.99, 0.01, 0] },
    { truth: 1, confidences: [0.2, 0.8, 0] },
    { truth: 0, confidences: [0.45, 0.55, 0] },
  ];
  assert.equal(classAccuracies(judgements, ['a', 'b', 'c']), [
    { label: 'a', accuracy: 1 / 3, photos: 3 },
    { label: 'b', accuracy: 1 / 2, photos: 2 },
    { label: 'c', accuracy: 0, photos: 0 },
  ]);
  const judged = judgements.map((judgement, index) => ({
    ...{ ...judgement, photo: { key: `${index}` } as CatalogPhoto, logits: [] },
  }));
  const worst = mostWrong(judged, ['a', 'b', 'c'], 10);
  assert.equal(
    worst.map(({ photo, predicted, confidence }) => [photo.key, predicted, confidence]),
    [
      ['2', 'a', 0.99],
      ['1', 'b', 0.6],
      ['4', 'b', 0.55],
    ],
  );
  assert.equal(mostWrong(judged, ['a', 'b', 'c'], 1), worst.slice(0, 1));
});

test.run();
