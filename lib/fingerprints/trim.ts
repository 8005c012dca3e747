import type { Grey } from './grey.js';

/** How far a grey value may be from the border's, in 0…255: what JPEG does to plain colour, and a little more. */
const tolerance = 12;
/** Share of a line that must be plain. */
const plain = 0.98;
/** What is left of each edge at least. */
const least = 0.2;

/**
 * The picture without plain borders: letterboxes, frames, frames in frames, the empty background of a studio,
 * also where a rotation has left corners of one colour.
 */
export function trimmed(grey: Grey): Grey {
  const { values, width, height } = grey;
  const corners = cornersOf(grey);
  let top = 0;
  let left = 0;
  let bottom = height;
  let right = width;

  /** Lines that are plain, from one on inwards, `most` at most. */
  const border = (first: number, inwards: number, step: number, length: number, most: number) => {
    const open: number[] = [];
    for (let i = 0; i < length; i += 1) {
      if (!corners[first + i * step]) open.push(values[first + i * step] as number);
    }
    const colour = open.sort((a, b) => a - b)[open.length >> 1] ?? 0;
    let count = 0;
    for (; count < most; count += 1) {
      let same = 0;
      for (let i = 0; i < length; i += 1) {
        const at = first + count * inwards + i * step;
        if (corners[at] || Math.abs((values[at] as number) - colour) <= tolerance) same += 1;
      }
      if (same < plain * length) break;
    }
    return count;
  };

  for (let moved = true; moved; ) {
    const size = right - left + bottom - top;
    const spareRows = () => bottom - top - Math.ceil(height * least);
    const spareColumns = () => right - left - Math.ceil(width * least);
    top += border(top * width + left, width, 1, right - left, spareRows());
    bottom -= border((bottom - 1) * width + left, -width, 1, right - left, spareRows());
    left += border(top * width + left, 1, width, bottom - top, spareColumns());
    right -= border(top * width + right - 1, -1, width, bottom - top, spareColumns());
    moved = right - left + bottom - top < size;
  }

  const inner = { width: right - left, height: bottom - top };
  const result = new Float32Array(inner.width * inner.height);
  for (let y = 0; y < inner.height; y += 1) {
    const first = (y + top) * width + left;
    result.set(values.subarray(first, first + inner.width), y * inner.width);
  }
  return { values: result, ...inner };
}

/** Pixels of the colour of a corner that they are connected with, and those beside them. uint8 [height, width] */
function cornersOf({ values, width, height }: Grey): Uint8Array {
  const filled = new Uint8Array(width * height);
  for (const corner of [0, width - 1, (height - 1) * width, height * width - 1]) {
    const colour = values[corner] as number;
    const open = [corner];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (filled[at] || Math.abs((values[at] as number) - colour) > tolerance) continue;
      filled[at] = 1;
      const x = at % width;
      if (x > 0) open.push(at - 1);
      if (x < width - 1) open.push(at + 1);
      if (at >= width) open.push(at - width);
      if (at < (height - 1) * width) open.push(at + width);
    }
  }
  const result = filled.slice();
  for (let at = 2 * width + 2; at < filled.length - 2 * width - 2; at += 1) {
    if (!filled[at]) continue;
    for (const near of [-2 * width, -width, -2, -1, 1, 2, width, 2 * width]) result[at + near] = 1;
  }
  return result;
}
