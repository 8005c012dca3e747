import type { GreyRaster } from '../../lib/fingerprints/grey.js';
import { type Random, random } from '../../lib/random.js';

/** Grey rasters of all that fingerprints go by: sizes, blobs, noise, frames, corners of a rotation. Whole numbers alone. */
export function rasterOf(index: number): GreyRaster {
  const draw = random(3, 'raster', index);
  const most = index % 3 === 0 ? 24 : 320;
  const [width, height] = [1 + draw.integer(most), 1 + draw.integer(most)];
  const valueAt = (kinds[index % kinds.length] as Kind)(draw, width, height);
  const pixels = Uint8Array.from({ length: width * height }, (_, at) =>
    valueAt(at % width, Math.floor(at / width)),
  );
  return { pixels, width, height };
}

/** The value of each pixel. */
type Kind = (draw: Random, width: number, height: number) => (x: number, y: number) => number;

/** Squares of any colours, and what lies between their middles. */
const blobs: Kind = (draw) => {
  const grain = 3 + draw.integer(20);
  const colours = Uint8Array.from({ length: 4096 }, () => draw.integer(256));
  const colourAt = (column: number, row: number) => colours[(column + 61 * row) % 4096] as number;
  return (x, y) => {
    const [column, row] = [Math.floor(x / grain), Math.floor(y / grain)];
    const [right, down] = [x % grain, y % grain];
    const across = (line: number) =>
      colourAt(column, line) * (grain - right) + colourAt(column + 1, line) * right;
    return Math.floor((across(row) * (grain - down) + across(row + 1) * down) / grain ** 2);
  };
};

const kinds: Kind[] = [
  blobs,
  (draw) => () => draw.integer(256),
  (draw, width, height) => {
    const inner = blobs(draw, width, height);
    const [margin, colour] = [draw.integer(40), draw.integer(256)];
    const isInside = (at: number, length: number) => at >= margin && at < length - margin;
    return (x, y) => (isInside(x, width) && isInside(y, height) ? inner(x, y) : colour);
  },
  (draw, width, height) => {
    const inner = blobs(draw, width, height);
    const slope = 1 + draw.integer(4);
    return (x, y) =>
      slope * x + y < height / 3 || slope * (width - x) + height - y < height / 3 ? 9 : inner(x, y);
  },
  (draw) => {
    const [across, along] = [draw.integer(9), draw.integer(9)];
    return (x, y) => (across * x + along * y) % 256;
  },
];
