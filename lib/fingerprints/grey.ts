/** A grey picture. */
export interface Grey {
  /** float32 [height, width], 0…255 */
  values: Float32Array;
  width: number;
  height: number;
}

/** The picture resized by bilinear interpolation; whoever shrinks it blurs it before. */
export function resized(source: Grey, width: number, height: number): Grey {
  const values = new Float32Array(width * height);
  const stepX = source.width / width;
  const stepY = source.height / height;
  for (let y = 0; y < height; y += 1) {
    const sourceY = (y + 0.5) * stepY - 0.5;
    for (let x = 0; x < width; x += 1) {
      values[y * width + x] = valueAt(source, (x + 0.5) * stepX - 0.5, sourceY);
    }
  }
  return { values, width, height };
}

/** The picture between its pixels, by bilinear interpolation; beyond its edges, their values. */
export function valueAt({ values, width, height }: Grey, x: number, y: number): number {
  const insideX = x < 0 ? 0 : x > width - 1 ? width - 1 : x;
  const insideY = y < 0 ? 0 : y > height - 1 ? height - 1 : y;
  const left = insideX | 0;
  const top = insideY | 0;
  const right = left + 1 < width ? left + 1 : left;
  const row = top * width;
  const nextRow = top + 1 < height ? row + width : row;
  const shareX = insideX - left;
  const upper =
    (values[row + left] as number) * (1 - shareX) + (values[row + right] as number) * shareX;
  const lower =
    (values[nextRow + left] as number) * (1 - shareX) +
    (values[nextRow + right] as number) * shareX;
  return upper + (lower - upper) * (insideY - top);
}

/** The picture under a Gaussian of `sigma` pixels, cut off at three pixels; edges are repeated. */
export function blurred({ values, width, height }: Grey, sigma: number): Grey {
  const weights = [0, 1, 2, 3].map((offset) => Math.exp(-(offset * offset) / (2 * sigma * sigma)));
  const sum = weights.reduce((total, weight, offset) => total + (offset === 0 ? 1 : 2) * weight, 0);
  const [w0, w1, w2, w3] = weights.map((weight) => weight / sum) as [
    number,
    number,
    number,
    number,
  ];
  const line = new Float32Array(Math.max(width, height) + 6);
  const across = new Float32Array(width * height);
  const result = new Float32Array(width * height);

  const along = (from: Float32Array, to: Float32Array, first: number, step: number, n: number) => {
    for (let i = 0; i < n; i += 1) line[i + 3] = from[first + i * step] as number;
    line.fill(line[3] as number, 0, 3);
    line.fill(line[n + 2] as number, n + 3, n + 6);
    for (let i = 0; i < n; i += 1) {
      to[first + i * step] =
        w0 * (line[i + 3] as number) +
        w1 * ((line[i + 2] as number) + (line[i + 4] as number)) +
        w2 * ((line[i + 1] as number) + (line[i + 5] as number)) +
        w3 * ((line[i] as number) + (line[i + 6] as number));
    }
  };
  for (let y = 0; y < height; y += 1) along(values, across, y * width, 1, width);
  for (let x = 0; x < width; x += 1) along(across, result, x, width, height);
  return { values: result, width, height };
}
