import { ratio, sum } from './arithmetic.js';
import type { Confusion } from './confusion.js';
import { type Interval, wilson } from './interval.js';

/** Figures of one class; null where they are 0/0. */
export interface ClassFigures {
  /** Null for a class that was never predicted. */
  precision: number | null;
  precisionInterval: Interval | null;
  /** Null for a class without photos. */
  recall: number | null;
  recallInterval: Interval | null;
  /** 2 TP / (support + predicted); null for a class that is neither true nor predicted anywhere. */
  f1: number | null;
  /** Photos of the class. */
  support: number;
}

/** Precision, recall and F1 of each class, as scikit-learn's with `zero_division=nan`; 95 % intervals are Wilson's. */
export function figuresByClass(confusion: Confusion): ClassFigures[] {
  return confusion.map((row, index) => {
    const right = row[index] ?? 0;
    const support = sum(row);
    const predicted = sum(confusion.map((other) => other[index] ?? 0));
    return {
      precision: ratio(right, predicted),
      precisionInterval: wilson(right, predicted),
      recall: ratio(right, support),
      recallInterval: wilson(right, support),
      f1: ratio(2 * right, support + predicted),
      support,
    };
  });
}
