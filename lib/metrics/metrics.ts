import { mean, ratio, sum } from './arithmetic.js';
import { macroF1Interval } from './bootstrap.js';
import { type Confusion, confusionOf } from './confusion.js';
import { type Interval, wilson } from './interval.js';
import type { Judgement } from './judgement.js';
import { brierScore, logLoss } from './proper-scores.js';
import { calibrationError, type ReliabilityBin, reliabilityOf } from './reliability.js';
import { rocAuc } from './roc-auc.js';

/** Figures of one class; null where they are 0/0. */
export interface ClassMetrics {
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
  /** Area under the ROC curve of this class against the rest; null where it has no photos, or all. */
  auc: number | null;
}

/** How well photos were judged. Intervals are of 95 %; what is undefined is null. */
export interface Metrics {
  /** Top-1. */
  accuracy: number;
  accuracyInterval: Interval | null;
  /** Mean recall of the classes that have photos. */
  balancedAccuracy: number | null;
  /** Mean F1 of the classes that occur as truth or prediction. */
  macroF1: number;
  macroF1Interval: Interval | null;
  /** Mean of the classes' areas under the ROC curve, where they are defined. */
  auc: number | null;
  /** Mean cross-entropy. */
  logLoss: number | null;
  /** Multi-class, 0…2. */
  brier: number | null;
  perClass: ClassMetrics[];
  /** Rows are true classes, columns predicted ones. */
  confusion: Confusion;
  /** Expected calibration error over the bins of `reliability`. */
  ece: number;
  reliability: ReliabilityBin[];
}

/** All metrics of judgements by a model of `classCount` classes. 10,000 photos of 100 classes take half a second. */
export function metricsOf(judgements: Judgement[], classCount: number): Metrics {
  const confusion = confusionOf(judgements, classCount);
  const perClass = metricsByClass(confusion, rocAuc(judgements, classCount));
  const reliability = reliabilityOf(judgements);
  const right = sum(confusion.map((row, index) => row[index] ?? 0));
  return {
    accuracy: ratio(right, judgements.length) ?? 0,
    accuracyInterval: wilson(right, judgements.length),
    balancedAccuracy: mean(perClass.map(({ recall }) => recall)),
    macroF1: mean(perClass.map(({ f1 }) => f1)) ?? 0,
    macroF1Interval: macroF1Interval(confusion),
    auc: mean(perClass.map(({ auc }) => auc)),
    logLoss: logLoss(judgements),
    brier: brierScore(judgements),
    perClass,
    confusion,
    ece: calibrationError(reliability),
    reliability,
  };
}

/** Precision, recall and F1 as scikit-learn's with `zero_division=nan`; 95 % intervals are Wilson's. */
function metricsByClass(confusion: Confusion, aucs: (number | null)[]): ClassMetrics[] {
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
      auc: aucs[index] ?? null,
    };
  });
}
