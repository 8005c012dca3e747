import type { RankedLabel } from './events.js';

/** Softmax of one row of logits. */
export function softmax(logits: ArrayLike<number>): number[] {
  const row = Array.from(logits);
  const highest = Math.max(...row);
  const exponentials = row.map((logit) => Math.exp(logit - highest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/** Labels with their softmax, highest first; equal ones in the order of `classes`. */
export function rank(logits: ArrayLike<number>, classes: string[]): RankedLabel[] {
  const confidences = softmax(logits);
  return classes
    .map((label, index) => ({ label, confidence: confidences[index] ?? 0 }))
    .sort((a, b) => b.confidence - a.confidence);
}

/** Index of the highest value, the first of equal ones. */
export function argmax(row: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < row.length; index += 1) {
    if ((row[index] as number) > (row[best] as number)) best = index;
  }
  return best;
}

/** One judged photo: the true class, and the softmax over all classes. */
export interface Judgement {
  truth: number;
  confidences: number[];
}

export interface ClassMetrics {
  precision: number;
  recall: number;
  f1: number;
  support: number;
}

export interface Metrics {
  accuracy: number;
  macroF1: number;
  perClass: ClassMetrics[];
  /** Rows are true classes, columns predicted ones. */
  confusion: number[][];
  ece: number;
}

/**
 * Top-1 accuracy, per-class precision, recall and F1 with 0 where a ratio is 0/0, their mean F1 over
 * the classes that occur as truth or prediction (scikit-learn's `f1_score(average='macro')`), and the
 * expected calibration error over 15 equal-width bins (Guo et al. 2017, arXiv:1706.04599).
 */
export function metricsOf(judgements: Judgement[], classCount: number): Metrics {
  const confusion = Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0));
  for (const { truth, confidences } of judgements) {
    const row = confusion[truth] as number[];
    const predicted = argmax(confidences);
    row[predicted] = (row[predicted] as number) + 1;
  }
  const cell = (truth: number, predicted: number) => confusion[truth]?.[predicted] ?? 0;
  const indices = confusion.map((_, index) => index);
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

  const predictedCounts = indices.map((index) => sum(indices.map((truth) => cell(truth, index))));
  const perClass = indices.map((index) => {
    const support = sum(confusion[index] as number[]);
    const predicted = predictedCounts[index] as number;
    return {
      precision: ratio(cell(index, index), predicted),
      recall: ratio(cell(index, index), support),
      f1: ratio(2 * cell(index, index), support + predicted),
      support,
    };
  });
  const occurring = perClass.filter(
    (each, index) => each.support + (predictedCounts[index] ?? 0) > 0,
  );
  return {
    accuracy: ratio(sum(indices.map((index) => cell(index, index))), judgements.length),
    macroF1: ratio(sum(occurring.map((each) => each.f1)), occurring.length),
    perClass,
    confusion,
    ece: calibrationError(judgements),
  };
}

const calibrationBins = 15;

function calibrationError(judgements: Judgement[]): number {
  const bins = Array.from({ length: calibrationBins }, () => ({ confidence: 0, correct: 0 }));
  for (const { truth, confidences } of judgements) {
    const predicted = argmax(confidences);
    const confidence = confidences[predicted] ?? 0;
    // Bins are open on the left, as in the paper: (0, 1/15], (1/15, 2/15], …
    const index = Math.min(
      calibrationBins - 1,
      Math.max(0, Math.ceil(confidence * calibrationBins) - 1),
    );
    const bin = bins[index] as { confidence: number; correct: number };
    bin.confidence += confidence;
    bin.correct += predicted === truth ? 1 : 0;
  }
  const gaps = bins.map((bin) => Math.abs(bin.correct - bin.confidence));
  return judgements.length === 0 ? 0 : gaps.reduce((a, b) => a + b, 0) / judgements.length;
}

/** Accuracy of each class, in their order; 0 for one without photos. */
export function classAccuracies(judgements: Judgement[], classes: string[]) {
  return classes.map((label, index) => {
    const ofClass = judgements.filter(({ truth }) => truth === index);
    const right = ofClass.filter(({ confidences }) => argmax(confidences) === index).length;
    return { label, accuracy: right / Math.max(1, ofClass.length), photos: ofClass.length };
  });
}

/** The `count` wrong judgements with the least confidence in the truth, by their index, the worst first. */
export function wrongest(judgements: Judgement[], count: number): number[] {
  const inTruth = ({ truth, confidences }: Judgement) => confidences[truth] ?? 0;
  return judgements
    .map((judgement, index) => ({ judgement, index }))
    .filter(({ judgement }) => argmax(judgement.confidences) !== judgement.truth)
    .sort((a, b) => inTruth(a.judgement) - inTruth(b.judgement))
    .slice(0, count)
    .map(({ index }) => index);
}
