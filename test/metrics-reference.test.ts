import * as assert from 'uvu/assert';
import { macroF1Interval } from '../lib/metrics/bootstrap.js';
import { type Interval, wilson } from '../lib/metrics/interval.js';
import { type Metrics, metricsOf } from '../lib/metrics/metrics.js';
import { softmax } from '../lib/metrics/softmax.js';
import { fitTemperature } from '../lib/metrics/temperature.js';
import { fixtureOf } from './support/sources.js';
import { suite } from './support/suite.js';

const test = suite('metrics as scikit-learn and SciPy compute them');

interface Case {
  name: string;
  truths: number[];
  /** Either of these gives the confidences. */
  logits?: number[][];
  sixteenths?: number[][];
  expected: Omit<Metrics, 'macroF1Interval' | 'reliability'> & {
    bootstrap: { interval: Interval; deviation: number };
    /** Those bins alone that are not empty. */
    reliability: Metrics['reliability'];
  };
}

interface Fixture {
  cases: Case[];
  temperatures: { truths: number[]; logits: number[][]; temperature: number }[];
  wilson: { successes: number; trials: number; interval: Interval }[];
}

/** By make.py beside it. */
const fixture = fixtureOf<Fixture>('metrics/metrics.json');

/** Equal to the last figure but for rounding; null, names and lengths exactly. */
function near(actual: unknown, expected: unknown, at: string): void {
  if (typeof actual === 'number' && typeof expected === 'number') {
    assert.ok(Math.abs(actual - expected) <= 1e-9, `${at}: ${actual} is not ${expected}`);
  } else if (Object(actual) === actual && Object(expected) === expected) {
    assert.equal(Object.keys(actual as object).sort(), Object.keys(expected as object).sort(), at);
    for (const [name, value] of Object.entries(expected as object)) {
      near((actual as Record<string, unknown>)[name], value, `${at}.${name}`);
    }
  } else assert.is(actual, expected, at);
}

function judged({ truths, logits, sixteenths, expected }: Case): Metrics {
  const confidences =
    logits?.map((row) => softmax(row)) ?? sixteenths?.map((row) => row.map((part) => part / 16));
  const judgements = truths.map((truth, index) => ({
    truth,
    confidences: confidences?.[index] as number[],
  }));
  return metricsOf(judgements, expected.perClass.length);
}

test('all figures of judgements, with ties and with a class without photos', () => {
  assert.is(fixture.cases.length, 3);
  for (const each of fixture.cases) {
    const { macroF1Interval: _, reliability, ...figures } = judged(each);
    const { bootstrap: __, reliability: expectedBins, ...expected } = each.expected;
    near(figures, expected, each.name);
    assert.is(reliability.length, 15);
    near(
      reliability.filter(({ count }) => count > 0),
      expectedBins,
      each.name,
    );
  }
});

test('Wilson’s interval', () => {
  for (const { successes, trials, interval } of fixture.wilson) {
    near(wilson(successes, trials), interval, `${successes} of ${trials}`);
  }
  assert.is(wilson(0, 0), null);
});

test('the bootstrap’s interval of macro F1, but for chance, and the same each time', () => {
  for (const each of fixture.cases) {
    const { interval, deviation } = each.expected.bootstrap;
    const actual = judged(each).macroF1Interval as Interval;
    for (const [end, expected] of interval.entries()) {
      // A quantile of 2,000 draws has a deviation of some 0.06 of theirs.
      assert.ok(
        Math.abs((actual[end] as number) - expected) < 0.25 * deviation,
        `${each.name}: ${actual} is not ${interval}`,
      );
    }
    assert.equal(judged(each).macroF1Interval, actual);
    assert.not.equal(macroF1Interval(each.expected.confusion, 1), actual);
  }
});

test('the temperature of the least negative log likelihood', () => {
  for (const { truths, logits, temperature } of fixture.temperatures) {
    const photos = truths.map((truth, index) => ({ truth, logits: logits[index] as number[] }));
    near(fitTemperature(photos), temperature, String(temperature));
  }
});

test.run();
