/** A grey picture. */
export interface Grey {
  /** float32 [height, width], 0…255 */
  values: Float32Array;
  width: number;
  height: number;
}

/** A grey picture as it is decoded. */
export interface GreyRaster {
  /** uint8 [height, width] */
  pixels: Uint8Array;
  width: number;
  height: number;
}

/** The same with values to reckon with. */
export function greyOf({ pixels, width, height }: GreyRaster): Grey {
  return { values: new Float32Array(pixels), width, height };
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
  const line = new Float32Array(width + 6);
  const across = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    line.set(values.subarray(row, row + width), 3);
    line.fill(line[3] as number, 0, 3);
    line.fill(line[width + 2] as number, width + 3);
    for (let x = 0; x < width; x += 1) {
      across[row + x] =
        w0 * (line[x + 3] as number) +
        w1 * ((line[x + 2] as number) + (line[x + 4] as number)) +
        w2 * ((line[x + 1] as number) + (line[x + 5] as number)) +
        w3 * ((line[x] as number) + (line[x + 6] as number));
    }
  }
  // Along the columns row by row, as they lie in memory.
  const result = new Float32Array(width * height);
  const rowAt = (y: number) => Math.max(0, Math.min(height - 1, y)) * width;
  for (let y = 0; y < height; y += 1) {
    const [up1, up2, up3] = [rowAt(y - 1), rowAt(y - 2), rowAt(y - 3)];
    const [down1, down2, down3] = [rowAt(y + 1), rowAt(y + 2), rowAt(y + 3)];
    const row = y * width;
    for (let x = 0; x < width; x += 1) {
      result[row + x] =
        w0 * (across[row + x] as number) +
        w1 * ((across[up1 + x] as number) + (across[down1 + x] as number)) +
        w2 * ((across[up2 + x] as number) + (across[down2 + x] as number)) +
        w3 * ((across[up3 + x] as number) + (across[down3 + x] as number));
    }
  }
  return { values: result, width, height };
}
