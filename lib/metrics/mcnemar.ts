import { type Interval, z } from './interval.js';

/** Two classifiers on the same photos: how many each of them alone told right, and the rest. */
export interface Paired {
  photos: number;
  firstAlone: number;
  secondAlone: number;
}

/**
 * Two-sided p of McNemar's test (McNemar 1947, Psychometrika 12) that both err as often: by the binomial distribution
 * of the photos that one alone tells right, which is exact for any number of them. The chi-square with Edwards's
 * correction (1948, Psychometrika 13), which Dietterich (1998, Neural Computation 10) takes, is an approximation of it.
 */
export function mcnemar({ firstAlone, secondAlone }: Omit<Paired, 'photos'>): number {
  const discordant = firstAlone + secondAlone;
  const fewer = Math.min(firstAlone, secondAlone);
  let logTerm = -discordant * Math.LN2;
  let tail = 0;
  for (let successes = 0; successes <= fewer; successes += 1) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((discordant - successes) / (successes + 1));
  }
  return Math.min(1, 2 * tail);
}

/** Halvings after which the ends no longer move in a double. */
const halvings = 60;

/**
 * 95 % interval of the difference of two accuracies on the same photos, second less first, by the score that Tango
 * gives (1998, Statistics in Medicine 17), which keeps its coverage also of few photos and of none that differ; null
 * without photos.
 */
export function pairedInterval({ photos, firstAlone, secondAlone }: Paired): Interval | null {
  if (photos === 0) return null;
  const score = (difference: number): number => {
    const distance = secondAlone - firstAlone - photos * difference;
    // The likeliest share of photos that the first alone tells right, were this the difference.
    const b = (2 * photos + firstAlone - secondAlone) * difference - secondAlone - firstAlone;
    const c = -firstAlone * difference * (1 - difference);
    const share = (Math.sqrt(b * b - 8 * photos * c) - b) / (4 * photos);
    const variance = photos * (2 * share + difference * (1 - difference));
    if (variance <= 0) return distance === 0 ? 0 : Math.sign(distance) * Number.POSITIVE_INFINITY;
    return distance / Math.sqrt(variance);
  };
  const estimate = (secondAlone - firstAlone) / photos;
  const end = (bound: number, wanted: number): number => {
    let [inside, outside] = [estimate, bound];
    for (let halving = 0; halving < halvings; halving += 1) {
      const middle = (inside + outside) / 2;
      if (Math.abs(score(middle)) < wanted) inside = middle;
      else outside = middle;
    }
    return (inside + outside) / 2;
  };
  return [end(-1, z), end(1, z)];
}
