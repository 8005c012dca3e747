import { leastPixels, stepOf, thumbnailOf, trimmedLine } from './agreement.js';
import type { Fingerprint } from './fingerprint.js';
import { valueAt } from './grey.js';
import { mapped, type Similarity } from './similarity.js';

const steps = 2;
/** What a step solves for; the last four are added to the transform's numbers. */
type Solution = [gain: number, offset: number, a: number, b: number, x: number, y: number];
const unknowns = 6;
/** Pixels of the frame in which turn and scale are counted, so that all unknowns are of one size. */
const arm = 100;
const leastGain = 0.1;
/** A correlation of grey values that no step will make that of two versions. */
const hopeless = 0.7;

/**
 * Moves a transform from the first photo's frame to the second's so that their thumbnails' grey values agree
 * best: Gauss-Newton steps (Lucas and Kanade 1981), without the pixels that fit least.
 */
export function refined(a: Fingerprint, b: Fingerprint, start: Similarity): Similarity {
  const seen = thumbnailOf(a);
  const other = thumbnailOf(b);
  const [fromStep, toStep] = [stepOf(a), stepOf(b)];
  const [middleX, middleY] = [(a.width - 1) / 2, (a.height - 1) / 2];
  const laid = new Float32Array(seen.values.length);
  const slopes = new Float32Array(seen.values.length * unknowns);
  let transform = start;
  for (let step = 0; step < steps; step += 1) {
    const places: number[] = [];
    for (let at = 0; at < laid.length; at += 1) {
      const x = ((at % seen.width) + 0.5) * fromStep.x - 0.5;
      const y = (Math.floor(at / seen.width) + 0.5) * fromStep.y - 0.5;
      const [toX, toY] = mapped(transform, a.width, x, y);
      const u = (toX + 0.5) / toStep.x - 0.5;
      const v = (toY + 0.5) / toStep.y - 0.5;
      if (u < 0 || v < 0 || u > other.width - 1 || v > other.height - 1) continue;
      const value = valueAt(other, u, v);
      const slopeX = (valueAt(other, u + 0.5, v) - valueAt(other, u - 0.5, v)) / toStep.x;
      const slopeY = (valueAt(other, u, v + 0.5) - valueAt(other, u, v - 0.5)) / toStep.y;
      const offX = (transform.mirrored ? middleX - x : x - middleX) / arm;
      const offY = (y - middleY) / arm;
      laid[at] = value;
      slopes.set(
        [value, 1, slopeX * offX + slopeY * offY, slopeY * offX - slopeX * offY, slopeX, slopeY],
        at * unknowns,
      );
      places.push(at);
    }
    if (places.length < leastPixels) return transform;
    const { kept, correlation } = trimmedLine(laid, seen.values, places);
    const solution = correlation < hopeless ? null : leastSquares(slopes, seen.values, kept);
    if (!solution) return transform;
    const [gain, , turnA, turnB, moveX, moveY] = solution;
    if (gain < leastGain) return transform;
    const da = turnA / gain / arm;
    const db = turnB / gain / arm;
    transform = {
      ...transform,
      a: transform.a + da,
      b: transform.b + db,
      shiftX: transform.shiftX + moveX / gain - da * middleX + db * middleY,
      shiftY: transform.shiftY + moveY / gain - db * middleX - da * middleY,
    };
  }
  return transform;
}

/** Factors of the columns that come closest to the values at some places: normal equations, by elimination. */
function leastSquares(rows: Float32Array, values: Float32Array, places: number[]): Solution | null {
  const width = unknowns + 1;
  const sums = new Float64Array(unknowns * width);
  for (const place of places) {
    const first = place * unknowns;
    for (let i = 0; i < unknowns; i += 1) {
      const factor = rows[first + i] as number;
      for (let j = 0; j < unknowns; j += 1)
        sums[i * width + j] =
          (sums[i * width + j] as number) + factor * (rows[first + j] as number);
      const last = i * width + unknowns;
      sums[last] = (sums[last] as number) + factor * (values[place] as number);
    }
  }
  // The sums are symmetric and positive, so that no rows need to be exchanged.
  for (let i = 0; i < unknowns; i += 1) {
    const pivot = sums[i * width + i] as number;
    if (pivot < 1e-6) return null;
    for (let row = 0; row < unknowns; row += 1) {
      if (row === i) continue;
      const share = (sums[row * width + i] as number) / pivot;
      for (let j = i; j < width; j += 1)
        sums[row * width + j] =
          (sums[row * width + j] as number) - share * (sums[i * width + j] as number);
    }
  }
  return Array.from(
    { length: unknowns },
    (_, i) => (sums[i * width + unknowns] as number) / (sums[i * width + i] as number),
  ) as Solution;
}
