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
