import * as assert from 'uvu/assert';
import {
  type ConfidentJoint,
  calibrated,
  confidentJoint,
  labelIssues,
} from '../lib/metrics/confident-learning.js';
import { argmax } from '../lib/metrics/softmax.js';
import { outOfFold } from '../lib/model/logistic-regression.js';
import { fixtureOf } from './support/sources.js';
import { suite } from './support/suite.js';

const test = suite('doubted labels as cleanlab and scikit-learn find them');

interface Case {
  name: string;
  labels: number[];
  thousandths: number[][];
  joint: ConfidentJoint;
  calibrated: ConfidentJoint;
  found: { noiseRate: number[]; both: number[] };
  quality: number[];
}

interface Folds {
  count: number;
  width: number;
  classes: number;
  penalty: number;
  features: number[];
  labels: number[];
  folds: number[];
  confidences: number[];
}

/** By make.py beside it. */
const cases = fixtureOf<Case[]>('doubt/confident-learning.json');

const judged = ({ labels, thousandths }: Case) =>
  labels.map((truth, index) => ({
    truth,
    confidences: (thousandths[index] as number[]).map((part) => part / 1000),
  }));

test('confident joint, and calibrated', () => {
  assert.is(cases.length, 16);
  for (const each of cases) {
    const joint = confidentJoint(judged(each), each.joint.length);
    assert.equal(joint, each.joint, each.name);
    assert.equal(calibrated(joint, judged(each)), each.calibrated, each.name);
  }
});

test('which labels are likely wrong, the worst first, and what they rather are', () => {
  for (const each of cases) {
    const judgements = judged(each);
    for (const [filter, expected] of [
      ['prune_by_noise_rate', each.found.noiseRate],
      ['both', each.found.both],
    ] as const) {
      const issues = labelIssues(judgements, each.joint.length, filter);
      const indices = issues.map(({ index }) => index);
      assert.equal(
        indices.toSorted((a, b) => a - b),
        expected,
        `${each.name}, ${filter}`,
      );
      for (const [place, { index, quality, suggested }] of issues.entries()) {
        assert.ok(Math.abs(quality - (each.quality[index] as number)) <= 1e-9, each.name);
        assert.ok(quality >= (issues[place - 1]?.quality ?? 0), `${each.name}: the worst first`);
        assert.is(suggested, argmax(judgements[index]?.confidences ?? []), each.name);
      }
    }
  }
});

test('confidences that differ by less than a millionth are equal', () => {
  const [sure, other] = [
    { truth: 0, confidences: [0.9, 0.1] },
    { truth: 1, confidences: [0.1, 0.9] },
  ];
  const issues = (gap: number) => {
    const close = { truth: 0, confidences: [0.5 - gap, 0.5 + gap] };
    const judgements = [sure, sure, sure, close, other, { truth: 1, confidences: [0.9, 0.1] }];
    return labelIssues(judgements, 2, 'prune_by_noise_rate').map(({ index }) => index);
  };
  assert.equal(issues(1e-3), [5, 3]);
  assert.equal(issues(2e-7), [5]);
});

test('the joint of the paper’s figure 1', () => {
  const figure = cases.find(({ name }) => name === 'figure 1') as Case;
  const joint = calibrated(confidentJoint(judged(figure), 3), judged(figure));
  // Dog, fox and cow.
  assert.equal(
    joint.map((row) => row.map((count) => count / figure.labels.length)),
    [
      [0.25, 0.1, 0.05],
      [0.14, 0.15, 0],
      [0.08, 0.03, 0.2],
    ],
  );
});

test('confidences out of fold, with features of any scale and a constant one', async () => {
  const fits = fixtureOf<Folds[]>('doubt/out-of-fold.json');
  assert.is(fits.length, 3);
  for (const { features, labels, folds, confidences, ...sizes } of fits) {
    const told = await outOfFold({
      ...sizes,
      features: Float32Array.from(features),
      labels: Int32Array.from(labels),
      folds: Int32Array.from(folds),
    });
    assert.is(told.length, confidences.length);
    const furthest = Math.max(
      ...confidences.map((confidence, index) => Math.abs(confidence - (told[index] as number))),
    );
    assert.ok(furthest <= 1e-6, `${sizes.penalty}: ${furthest}`);
  }
});

test.run();
