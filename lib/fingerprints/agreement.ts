import type { Fingerprint } from './fingerprint.js';
import { type Grey, valueAt } from './grey.js';
import { mapped, mappedBack, type Similarity } from './similarity.js';

/** How well two photos' pixels agree where one lies on the other. */
export interface Agreement {
  /** Correlation of grey values, −1…1. */
  correlation: number;
  /** Correlation of how they differ from their surroundings, −1…1: outlines on a plain background count for less. */
  detail: number;
  /** Share of the smaller photo that the other covers, 0…1. */
  overlap: number;
}

/** Share of the pixels that fit least and are left out, such as a caption's or a watermark's. */
const leftOut = 0.3;
/** Lines that are fitted, each to the pixels that fit the one before. */
const fittings = 3;
/** Fewer pixels in common tell nothing. */
export const leastPixels = 60;
/** Pixels of a thumbnail around one that are its surroundings. */
const around = 3;

/**
 * Compares the thumbnails of two photos, pixel by pixel of the coarser one, under a transform from the first
 * one's frame to the second's.
 */
export function agreementOf(a: Fingerprint, b: Fingerprint, transform: Similarity): Agreement {
  const scale = Math.hypot(transform.a, transform.b);
  const coarser = scale * (a.width / a.thumbnailWidth) >= b.width / b.thumbnailWidth;
  const [from, to] = coarser ? [a, b] : [b, a];
  const place = coarser ? mapped : mappedBack;
  const [fromStep, toStep] = [stepOf(from), stepOf(to)];
  const seen = thumbnailOf(from);
  const other = thumbnailOf(to);
  const laid = { ...seen, values: new Float32Array(seen.values.length) };
  const common = new Uint8Array(seen.values.length);
  const places: number[] = [];
  for (let row = 0; row < seen.height; row += 1) {
    for (let column = 0; column < seen.width; column += 1) {
      let sum = 0;
      let samples = 0;
      for (const offY of [0.25, 0.75]) {
        for (const offX of [0.25, 0.75]) {
          const x = (column + offX) * fromStep.x - 0.5;
          const y = (row + offY) * fromStep.y - 0.5;
          const [toX, toY] = place(transform, a.width, x, y);
          if (toX < 0 || toY < 0 || toX > to.width - 1 || toY > to.height - 1) continue;
          sum += valueAt(other, (toX + 0.5) / toStep.x - 0.5, (toY + 0.5) / toStep.y - 0.5);
          samples += 1;
        }
      }
      if (samples < 4) continue;
      const at = row * seen.width + column;
      laid.values[at] = sum / samples;
      common[at] = 1;
      places.push(at);
    }
  }
  const grown = coarser ? scale : 1 / scale;
  const smaller = Math.min(
    seen.values.length,
    (to.width * to.height) / (grown * grown * fromStep.x * fromStep.y),
  );
  const overlap = Math.min(1, places.length / smaller);
  if (places.length < leastPixels) return { correlation: 0, detail: 0, overlap };
  return {
    correlation: trimmedLine(seen.values, laid.values, places).correlation,
    detail: trimmedLine(detailOf(seen, common), detailOf(laid, common), places).correlation,
    overlap,
  };
}

export function thumbnailOf({ thumbnail, thumbnailWidth, thumbnailHeight }: Fingerprint): Grey {
  return { values: Float32Array.from(thumbnail), width: thumbnailWidth, height: thumbnailHeight };
}

/** Pixels of the frame from one of the thumbnail's to the next: its sides are whole numbers, so that they may differ. */
export function stepOf({ width, height, thumbnailWidth, thumbnailHeight }: Fingerprint) {
  return { x: width / thumbnailWidth, y: height / thumbnailHeight };
}

/** How each pixel differs from the mean of those around it that are in common. */
function detailOf({ values, width, height }: Grey, common: Uint8Array): Float32Array {
  // Sums over all pixels above and to the left, so that a square's sum is four of them.
  const stride = width + 1;
  const sums = new Float64Array(stride * (height + 1));
  const counts = new Float64Array(stride * (height + 1));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = (y + 1) * stride + x + 1;
      const before = (table: Float64Array) =>
        (table[at - 1] as number) +
        (table[at - stride] as number) -
        (table[at - stride - 1] as number);
      const inside = common[y * width + x] as number;
      sums[at] = before(sums) + inside * (values[y * width + x] as number);
      counts[at] = before(counts) + inside;
    }
  }
  const detail = new Float32Array(values.length);
  for (let y = 0; y < height; y += 1) {
    const [top, bottom] = [Math.max(0, y - around), Math.min(height, y + around + 1)];
    for (let x = 0; x < width; x += 1) {
      const [left, right] = [Math.max(0, x - around), Math.min(width, x + around + 1)];
      const within = (table: Float64Array) =>
        (table[bottom * stride + right] as number) -
        (table[top * stride + right] as number) -
        (table[bottom * stride + left] as number) +
        (table[top * stride + left] as number);
      const at = y * width + x;
      if (common[at]) detail[at] = (values[at] as number) - within(sums) / within(counts);
    }
  }
  return detail;
}

/**
 * The line from the values of one picture to another's that leaves out the pixels that fit least (least trimmed
 * squares, Rousseeuw 1984). The first line only shifts values, so that what is written on one does not turn it.
 */
export function trimmedLine(a: Float32Array, b: Float32Array, places: number[]) {
  const differences = Float32Array.from(
    places,
    (place) => (b[place] as number) - (a[place] as number),
  );
  let line = { gain: 1, offset: quantileOf(differences, 0.5), correlation: 0 };
  let kept = places;
  for (let step = 0; step < fittings; step += 1) {
    const { gain, offset } = line;
    const off = Float32Array.from(places, (place) =>
      Math.abs(gain * (a[place] as number) + offset - (b[place] as number)),
    );
    const most = quantileOf(off, 1 - leftOut);
    kept = places.filter((_, i) => (off[i] as number) <= most);
    line = lineThrough(a, b, kept);
  }
  return { ...line, kept };
}

/** The value below which a share of some lies, to a thousandth of their range: faster than to sort them. */
function quantileOf(values: Float32Array, share: number): number {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const bins = new Uint32Array(1001);
  const step = (most - least) / 1000 || 1;
  for (const value of values) {
    const bin = Math.floor((value - least) / step);
    bins[bin] = (bins[bin] as number) + 1;
  }
  let bin = 0;
  for (let below = 0; below < share * values.length; bin += 1) below += bins[bin] as number;
  return least + bin * step;
}

/** The least-squares line from the values of one picture to another's, and how close to it they are. */
function lineThrough(a: Float32Array, b: Float32Array, places: number[]) {
  let meanA = 0;
  let meanB = 0;
  for (const place of places) {
    meanA += (a[place] as number) / places.length;
    meanB += (b[place] as number) / places.length;
  }
  let aa = 0;
  let ab = 0;
  let bb = 0;
  for (const place of places) {
    const offA = (a[place] as number) - meanA;
    const offB = (b[place] as number) - meanB;
    aa += offA * offA;
    ab += offA * offB;
    bb += offB * offB;
  }
  const gain = aa > 0 ? ab / aa : 0;
  return {
    gain,
    offset: meanB - gain * meanA,
    correlation: aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0,
  };
}
