import * as assert from 'uvu/assert';

/** Holds that a figure is another one but for rounding. */
export function near(actual: number | null | undefined, expected: number, within = 1e-9): void {
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) <= within, `${actual} is not ${expected}`);
}
