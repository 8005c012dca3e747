import { sum } from './arithmetic.js';

/** Of an empty bin, which is no infinite surprise. */
const leastShare = 1e-4;

/**
 * Population stability index of counts by bin: Σ (a − e) ln(a / e) over the shares expected and found, which is
 * Jeffreys' divergence (Siddiqi 2006, Credit Risk Scorecards). 0 for equal shares; above 0.25 is commonly called a shift.
 * @param expected @param found counts of the same bins
 */
export function populationStability(expected: number[], found: number[]): number {
  const shares = (counts: number[]) => {
    const total = sum(counts);
    return counts.map((count) => Math.max(leastShare, count / total));
  };
  const actual = shares(found);
  return sum(
    shares(expected).map((share, bin) => {
      const other = actual[bin] as number;
      return (other - share) * Math.log(other / share);
    }),
  );
}
