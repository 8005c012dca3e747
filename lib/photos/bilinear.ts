/**
 * Pillow's bilinear resize, value for value, as torchvision's `Resize` uses it on PIL's images: a triangle as wide as
 * the scale, first along the rows, then along the columns, in fixed point and with 8 bits in between (Pillow,
 * src/libImaging/Resample.c). libvips's kernels differ by 0.4 of 255 on average.
 */

const precision = 22;
const half = 1 << (precision - 1);

/** What one output position is made of. */
interface Taps {
  /** The first of the input positions. */
  from: number;
  /** In fixed point. */
  weights: Int32Array;
}

/** @param pixels uint8 [height, width, 3] @returns uint8 [size, size, 3] */
export function bilinear(
  pixels: Uint8Array,
  { width, height }: { width: number; height: number },
  size: number,
): Uint8Array {
  const rows = width === size ? pixels : alongRows(pixels, width, height, size);
  return height === size ? rows : alongColumns(rows, size, height);
}

function alongRows(pixels: Uint8Array, width: number, height: number, size: number): Uint8Array {
  const taps = tapsOf(width, size);
  const resized = new Uint8Array(height * size * 3);
  let to = 0;
  for (let row = 0; row < height; row += 1) {
    for (const { from, weights } of taps) {
      let [red, green, blue] = [half, half, half];
      let at = (row * width + from) * 3;
      for (let tap = 0; tap < weights.length; tap += 1, at += 3) {
        const weight = weights[tap] as number;
        red += weight * (pixels[at] as number);
        green += weight * (pixels[at + 1] as number);
        blue += weight * (pixels[at + 2] as number);
      }
      resized[to] = red >> precision;
      resized[to + 1] = green >> precision;
      resized[to + 2] = blue >> precision;
      to += 3;
    }
  }
  return resized;
}

function alongColumns(pixels: Uint8Array, size: number, height: number): Uint8Array {
  const stride = size * 3;
  const resized = new Uint8Array(size * stride);
  const sums = new Int32Array(stride);
  tapsOf(height, size).forEach(({ from, weights }, row) => {
    sums.fill(half);
    for (let tap = 0; tap < weights.length; tap += 1) {
      const weight = weights[tap] as number;
      const at = (from + tap) * stride;
      for (let i = 0; i < stride; i += 1) {
        sums[i] = (sums[i] as number) + weight * (pixels[at + i] as number);
      }
    }
    for (let i = 0; i < stride; i += 1)
      resized[row * stride + i] = (sums[i] as number) >> precision;
  });
  return resized;
}

function tapsOf(input: number, output: number): Taps[] {
  const scale = input / output;
  const support = Math.max(scale, 1);
  return Array.from({ length: output }, (_, position) => {
    const center = (position + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - support + 0.5));
    const to = Math.min(input, Math.trunc(center + support + 0.5));
    const shares = Array.from({ length: to - from }, (_, tap) =>
      Math.max(0, 1 - Math.abs((tap + from - center + 0.5) / support)),
    );
    const sum = shares.reduce((a, b) => a + b, 0);
    const weights = Int32Array.from(shares, (share) =>
      Math.trunc((share / sum) * (1 << precision) + 0.5),
    );
    return { from, weights };
  });
}
