import type { Grey } from './grey.js';

/** How far a grey value may be from the corner's, in 0…255: what JPEG does to plain colour, and a little more. */
export const tolerance = 12;
/** Share by which an area may differ from that of a triangle. */
const inexact = 0.12;
/** Pixels around a corner's that its edge has blurred. */
const edge = 2;

/** Pixels of the corners' plain colour. */
export interface Corners {
  /** The picture, where a rotation's corners have taken the colour of what they border on. */
  grey: Grey;
  /** 1 where a pixel belongs to a corner or stands beside one. uint8 [height, width] */
  mask: Uint8Array;
}

/** Finds what is connected with a corner in its colour, and makes a rotation's corners less of a sight. */
export function cornersOf(grey: Grey): Corners {
  const { width, height } = grey;
  const mask = new Uint8Array(width * height);
  const values = grey.values.slice();
  for (const [x, y] of [
    [0, 0],
    [width - 1, 0],
    [0, height - 1],
    [width - 1, height - 1],
  ] as const) {
    const corner = y * width + x;
    if (mask[corner]) continue;
    const region = filled(grey, corner);
    const inner = grown(region, width, height, edge);
    if (isTriangle(region, { width, height, x, y })) {
      const outer = grown(inner, width, height, edge);
      const ring: number[] = [];
      outer.forEach((inside, at) => {
        if (inside && !inner[at]) ring.push(grey.values[at] as number);
      });
      const colour = ring.sort((a, b) => a - b)[ring.length >> 1];
      if (colour !== undefined) {
        inner.forEach((inside, at) => {
          if (inside) values[at] = colour;
        });
      }
    }
    inner.forEach((inside, at) => {
      if (inside) mask[at] = 1;
    });
  }
  return { grey: { values, width, height }, mask };
}

/** Whether a corner's region is the right-angled triangle that a rotation leaves. */
function isTriangle(
  region: Uint8Array,
  { width, height, x, y }: { width: number; height: number; x: number; y: number },
): boolean {
  const run = (step: number, length: number) => {
    let count = 0;
    while (count < length && region[y * width + x + count * step]) count += 1;
    return count;
  };
  const across = run(x === 0 ? 1 : -1, width);
  const along = run(y === 0 ? width : -width, height);
  if (across === width || along === height) return false;
  const area = region.reduce((sum, inside) => sum + inside, 0);
  const triangle = (across * along) / 2;
  return Math.abs(area - triangle) <= inexact * triangle + across + along;
}

function filled({ values, width, height }: Grey, corner: number): Uint8Array {
  const region = new Uint8Array(width * height);
  const colour = values[corner] as number;
  const open = [corner];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (region[at] || Math.abs((values[at] as number) - colour) > tolerance) continue;
    region[at] = 1;
    const x = at % width;
    if (x > 0) open.push(at - 1);
    if (x < width - 1) open.push(at + 1);
    if (at >= width) open.push(at - width);
    if (at < (height - 1) * width) open.push(at + width);
  }
  return region;
}

function grown(region: Uint8Array, width: number, height: number, pixels: number): Uint8Array {
  let current = region;
  for (let i = 0; i < pixels; i += 1) {
    const next = current.slice();
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const at = y * width + x;
        if (!current[at]) continue;
        if (x > 0) next[at - 1] = 1;
        if (x < width - 1) next[at + 1] = 1;
        if (y > 0) next[at - width] = 1;
        if (y < height - 1) next[at + width] = 1;
      }
    }
    current = next;
  }
  return current;
}
