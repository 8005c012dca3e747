import { softmax } from './softmax.js';

/** Logits of one photo, and its true class. */
export interface LabelledLogits {
  truth: number;
  logits: ArrayLike<number>;
}

/** A network beyond these is not calibrated by one number. */
const coldest = 1 / 20;
const hottest = 20;
/** Of the logarithm of the temperature. */
const tolerance = 1e-12;
/** Halving alone would need 43; where rounding is all that is left, no more help. */
const mostSteps = 60;

/**
 * The temperature by which logits are divided for the least negative log likelihood (Guo et al. 2017,
 * arXiv:1706.04599). In 1/T the likelihood is concave, so Newton's method within a bracket finds the only optimum.
 * @returns null where there is none within 1/20…20: all photos are told right, or worse than by chance
 */
export function fitTemperature(photos: LabelledLogits[]): number | null {
  let [low, high] = [Math.log(1 / hottest), Math.log(1 / coldest)];
  if (!(slopes(photos, low).first < 0 && slopes(photos, high).first > 0)) return null;
  let at = 0;
  for (let step = 0; step < mostSteps; step += 1) {
    const { first, second } = slopes(photos, at);
    if (first < 0) low = at;
    else high = at;
    const newton = at - first / second;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - at) < tolerance || first === 0) break;
    at = next;
  }
  return Math.exp(-at);
}

/**
 * Of the mean negative log likelihood by β = 1/T, at β = exp(`logBeta`): its derivative, and how that changes with
 * `logBeta`.
 */
function slopes(photos: LabelledLogits[], logBeta: number): { first: number; second: number } {
  const beta = Math.exp(logBeta);
  let [first, second] = [0, 0];
  for (const { truth, logits } of photos) {
    const confidences = softmax(logits, 1 / beta);
    let [expected, square] = [0, 0];
    // Measured from the true class's logit, so that no large numbers cancel.
    const own = logits[truth] as number;
    for (const [index, confidence] of confidences.entries()) {
      const logit = (logits[index] as number) - own;
      expected += confidence * logit;
      square += confidence * logit ** 2;
    }
    first += expected / photos.length;
    second += (beta * (square - expected ** 2)) / photos.length;
  }
  return { first, second };
}
