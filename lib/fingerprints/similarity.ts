/**
 * A similarity transform between the frames of two photos: x' = a·x − b·y + shiftX, y' = b·x + a·y + shiftY,
 * after x was replaced by width − 1 − x where `mirrored`.
 */
export interface Similarity {
  a: number;
  b: number;
  shiftX: number;
  shiftY: number;
  mirrored: boolean;
}

/** A place in one frame and the one it matches in the other, as [x, y, x', y'], x already mirrored. */
export type Correspondence = [number, number, number, number];

/** The similarity transform that maps places onto others with the least squares; null where they are one place. */
export function fitted(pairs: Correspondence[], mirrored: boolean): Similarity | null {
  const mean = [0, 0, 0, 0] as Correspondence;
  for (const pair of pairs) {
    for (let i = 0; i < 4; i += 1)
      mean[i] = (mean[i] as number) + (pair[i] as number) / pairs.length;
  }
  let real = 0;
  let imaginary = 0;
  let squares = 0;
  for (const [x, y, toX, toY] of pairs) {
    const dx = x - mean[0];
    const dy = y - mean[1];
    real += dx * (toX - mean[2]) + dy * (toY - mean[3]);
    imaginary += dx * (toY - mean[3]) - dy * (toX - mean[2]);
    squares += dx * dx + dy * dy;
  }
  if (squares < 1) return null;
  const a = real / squares;
  const b = imaginary / squares;
  return {
    a,
    b,
    shiftX: mean[2] - a * mean[0] + b * mean[1],
    shiftY: mean[3] - b * mean[0] - a * mean[1],
    mirrored,
  };
}

/** Where a place of the first frame, which is `width` pixels wide, lies in the second. */
export function mapped(
  { a, b, shiftX, shiftY, mirrored }: Similarity,
  width: number,
  x: number,
  y: number,
): [number, number] {
  const across = mirrored ? width - 1 - x : x;
  return [a * across - b * y + shiftX, b * across + a * y + shiftY];
}

/** Where a place of the second frame lies in the first, which is `width` pixels wide. */
export function mappedBack(
  { a, b, shiftX, shiftY, mirrored }: Similarity,
  width: number,
  x: number,
  y: number,
): [number, number] {
  const squares = a * a + b * b;
  const across = (a * (x - shiftX) + b * (y - shiftY)) / squares;
  return [mirrored ? width - 1 - across : across, (a * (y - shiftY) - b * (x - shiftX)) / squares];
}
