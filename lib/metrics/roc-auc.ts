import type { Judgement } from './judgement.js';

/**
 * Area under the ROC curve of each class against the rest, where ties count half, as scikit-learn's `roc_auc_score`:
 * the Mann-Whitney statistic over its maximum. Null for a class that has no photos, or all of them.
 */
export function rocAuc(judgements: Judgement[], classCount: number): (number | null)[] {
  return Array.from({ length: classCount }, (_, index) => {
    const sorted = Float64Array.from(judgements, (each) => each.confidences[index] ?? 0).sort();
    const positives = judgements.filter(({ truth }) => truth === index);
    const negatives = judgements.length - positives.length;
    if (positives.length === 0 || negatives === 0) return null;
    let ranks = 0;
    for (const { confidences } of positives) {
      const confidence = confidences[index] ?? 0;
      const below = countWhile(sorted, (value) => value < confidence);
      const upTo = countWhile(sorted, (value) => value <= confidence);
      ranks += (below + upTo + 1) / 2;
    }
    const least = (positives.length * (positives.length + 1)) / 2;
    return (ranks - least) / (positives.length * negatives);
  });
}

/** How many values at the front of `sorted` hold the condition, which none behind them holds. */
function countWhile(sorted: Float64Array, holds: (value: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(sorted[middle] as number)) low = middle + 1;
    else high = middle;
  }
  return low;
}
