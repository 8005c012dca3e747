import * as assert from 'uvu/assert';
import type { Interval } from '../lib/metrics/interval.js';
import { mcnemar, type Paired, pairedInterval } from '../lib/metrics/mcnemar.js';
import { fixtureOf } from './support/sources.js';
import { suite } from './support/suite.js';

const test = suite('two models on the same photos, as statsmodels and SciPy compute it');

/** By make.py beside it. */
const { cases } = fixtureOf<{ cases: (Paired & { p: number; interval: Interval })[] }>(
  'mcnemar/mcnemar.json',
);

for (const { p, interval, ...paired } of cases) {
  const { photos, firstAlone, secondAlone } = paired;
  test(`${firstAlone} and ${secondAlone} of ${photos}`, () => {
    const relative = Math.abs(mcnemar(paired) / p - 1);
    assert.ok(relative < 1e-9, `p ${mcnemar(paired)} is not ${p}`);
    const found = pairedInterval(paired) ?? assert.unreachable('there are photos');
    for (const [at, end] of interval.entries()) {
      assert.ok(Math.abs((found?.[at] as number) - end) < 1e-8, `${found} is not ${interval}`);
    }
  });
}

test('without photos there is no interval, and without differences no doubt', () => {
  assert.is(pairedInterval({ photos: 0, firstAlone: 0, secondAlone: 0 }), null);
  assert.is(mcnemar({ firstAlone: 0, secondAlone: 0 }), 1);
});

test.run();
