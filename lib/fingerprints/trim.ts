import { cornersOf, tolerance } from './corners.js';
import type { Grey } from './grey.js';

/** Share of a line that must be plain. */
const plain = 0.98;
/** What is left of each edge at least. */
const least = 0.2;

/**
 * The picture without plain borders: letterboxes, frames, frames in frames, the empty background of a studio,
 * also where a rotation has left corners of one colour.
 */
export function trimmed(original: Grey): Grey {
  const { grey, mask: corners } = cornersOf(original);
  const { values, width, height } = grey;
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
