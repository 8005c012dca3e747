import { mean, ratio, sum } from './arithmetic.js';
import { macroF1Interval } from './bootstrap.js';
import { type ClassFigures, figuresByClass } from './by-class.js';
import { type Confusion, confusionOf } from './confusion.js';
import { type Interval, wilson } from './interval.js';
import type { Judgement } from './judgement.js';
import { brierScore, logLoss } from './proper-scores.js';
import { calibrationError, type ReliabilityBin, reliabilityOf } from './reliability.js';
import { rocAuc } from './roc-auc.js';

export interface ClassMetrics extends ClassFigures {
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
  const byClass = figuresByClass(confusion);
  const aucs = rocAuc(judgements, classCount);
  const reliability = reliabilityOf(judgements);
  const right = sum(confusion.map((row, index) => row[index] ?? 0));
  return {
    accuracy: ratio(right, judgements.length) ?? 0,
    accuracyInterval: wilson(right, judgements.length),
    balancedAccuracy: mean(byClass.map(({ recall }) => recall)),
    macroF1: mean(byClass.map(({ f1 }) => f1)) ?? 0,
    macroF1Interval: macroF1Interval(confusion),
    auc: mean(aucs),
    logLoss: logLoss(judgements),
    brier: brierScore(judgements),
    perClass: byClass.map((figures, index) => ({ ...figures, auc: aucs[index] ?? null })),
    confusion,
    ece: calibrationError(reliability),
    reliability,
  };
}
