import { sum } from './arithmetic.js';

/** Added to each bin, so that an empty one is no infinite surprise. */
const smoothing = 0.5;

/**
 * Population stability index of counts by bin: Σ (a − e) ln(a / e) over the shares expected and found, which is
 * Jeffreys' divergence (Siddiqi 2006, Credit Risk Scorecards). 0 for equal shares; above 0.25 is commonly called a shift.
 * @param expected @param found counts of the same bins
 */
export function populationStability(expected: number[], found: number[]): number {
  const shares = (counts: number[]) => {
    const total = sum(counts) + smoothing * counts.length;
    return counts.map((count) => (count + smoothing) / total);
  };
  const actual = shares(found);
  return sum(
    shares(expected).map((share, bin) => {
      const other = actual[bin] as number;
      return (other - share) * Math.log(other / share);
    }),
  );
}
