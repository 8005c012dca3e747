import { sum } from './arithmetic.js';
import type { Judgement } from './judgement.js';
import { argmax } from './softmax.js';

/** Photos by class: rows are true classes, columns predicted ones. */
export type Confusion = number[][];

export function confusionOf(judgements: Judgement[], classCount: number): Confusion {
  const confusion = Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0));
  for (const { truth, confidences } of judgements) {
    const row = confusion[truth] as number[];
    const predicted = argmax(confidences);
    row[predicted] = (row[predicted] as number) + 1;
  }
  return confusion;
}

export interface ConfusedPair {
  label: string;
  predicted: string;
  count: number;
  /** Of all photos with that label. */
  share: number;
}

/** Which labels are taken for which others, the most frequent first, of equal ones the greater share. */
export function confusedPairs({
  confusion,
  classes,
}: {
  confusion: Confusion;
  classes: { label: string }[];
}): ConfusedPair[] {
  return confusion
    .flatMap((row, from) => {
      const support = sum(row);
      return row.map((count, to) => ({
        label: classes[from]?.label ?? '',
        predicted: classes[to]?.label ?? '',
        count: from === to ? 0 : count,
        share: count / Math.max(1, support),
      }));
    })
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || b.share - a.share);
}
