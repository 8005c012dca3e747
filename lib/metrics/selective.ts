import { isRight, type Judgement } from './judgement.js';

/** Of the photos that a model is sure of, the share that is to be right. */
export const sureAccuracy = 0.95;

/**
 * The lowest confidence from which at least `sureAccuracy` of the photos are right: below it a model is not sure
 * (selective classification by the softmax response, Geifman & El-Yaniv 2017, arXiv:1705.08500, here with the share
 * that was observed instead of a bound on it).
 * @returns 0…1; 1 where no confidence is high enough
 */
export function thresholdOf(judgements: Judgement[]): number {
  const surest = judgements
    .map((judgement) => ({
      confidence: Math.max(...judgement.confidences),
      right: isRight(judgement),
    }))
    .sort((a, b) => b.confidence - a.confidence);
  let threshold = 1;
  let right = 0;
  for (const [index, photo] of surest.entries()) {
    if (photo.right) right += 1;
    // Photos of one confidence are sure together, or not at all.
    const isLast = surest[index + 1]?.confidence !== photo.confidence;
    if (isLast && right >= sureAccuracy * (index + 1)) threshold = photo.confidence;
  }
  return threshold;
}
