import { mean } from './arithmetic.js';
import type { Judgement } from './judgement.js';

/** Mean negative log of the confidence in the truth, held to 2⁻⁵² at least as scikit-learn does; null without photos. */
export function logLoss(judgements: Judgement[]): number | null {
  return mean(
    judgements.map(
      ({ truth, confidences }) => -Math.log(Math.max(confidences[truth] ?? 0, Number.EPSILON)),
    ),
  );
}

/**
 * Mean over the photos of the squared distances between confidences and truth, summed over all classes, 0…2 (Brier
 * 1950; scikit-learn's with `scale_by_half=False`); null without photos.
 */
export function brierScore(judgements: Judgement[]): number | null {
  return mean(
    judgements.map(({ truth, confidences }) =>
      confidences.reduce(
        (total, confidence, index) => total + (confidence - (index === truth ? 1 : 0)) ** 2,
        0,
      ),
    ),
  );
}
