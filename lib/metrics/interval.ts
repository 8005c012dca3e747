/** The two ends of a 95 % confidence interval. */
export type Interval = [low: number, high: number];

/** The normal distribution's quantile of 97.5 %. */
export const z = 1.959963984540054;

/**
 * 95 % interval of a binomial share (Wilson 1927), which stays within 0…1 and keeps its coverage also of few trials
 * and of shares near the ends; null without trials.
 */
export function wilson(successes: number, trials: number): Interval | null {
  if (trials === 0) return null;
  const share = successes / trials;
  const centre = share + z ** 2 / (2 * trials);
  const reach = z * Math.sqrt((share * (1 - share) + z ** 2 / (4 * trials)) / trials);
  const scale = 1 + z ** 2 / trials;
  // Rounding alone would move the ends of none and of all.
  const low = successes === 0 ? 0 : (centre - reach) / scale;
  return [low, successes === trials ? 1 : (centre + reach) / scale];
}
