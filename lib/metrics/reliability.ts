import { ratio, sum } from './arithmetic.js';
import { isRight, type Judgement } from './judgement.js';

/** One bin of a reliability curve: photos whose highest confidence lies in it. */
export interface ReliabilityBin {
  count: number;
  /** Means over the bin; null when it is empty. */
  confidence: number | null;
  accuracy: number | null;
}

export const binCount = 15;

/** The bin of `reliabilityOf` that a confidence lies in. */
export function binOf(confidence: number): number {
  return Math.min(binCount - 1, Math.max(0, Math.ceil(confidence * binCount) - 1));
}

/** Photos by their highest confidence, in 15 bins of equal width, open on the left: (0, 1/15], (1/15, 2/15], … */
export function reliabilityOf(judgements: Judgement[]): ReliabilityBin[] {
  const bins = Array.from({ length: binCount }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (const judgement of judgements) {
    const confidence = Math.max(...judgement.confidences);
    const bin = bins[binOf(confidence)] as (typeof bins)[number];
    bin.count += 1;
    bin.confidence += confidence;
    bin.right += isRight(judgement) ? 1 : 0;
  }
  return bins.map(({ count, confidence, right }) => ({
    count,
    confidence: ratio(confidence, count),
    accuracy: ratio(right, count),
  }));
}

/**
 * Expected calibration error: mean distance of accuracy and confidence over the bins, weighted by their photos (Guo et
 * al. 2017, arXiv:1706.04599); 0 without photos.
 */
export function calibrationError(bins: ReliabilityBin[]): number {
  const photos = sum(bins.map(({ count }) => count));
  const gaps = bins.map(
    ({ count, confidence, accuracy }) => count * Math.abs((accuracy ?? 0) - (confidence ?? 0)),
  );
  return ratio(sum(gaps), photos) ?? 0;
}
