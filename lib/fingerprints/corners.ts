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
    const colour = grey.values[corner] as number;
    const isPlain = (at: number) => Math.abs((grey.values[at] as number) - colour) <= tolerance;
    const inside = new Uint8Array(width * height);
    const region = grown([corner], inside, grey, Number.POSITIVE_INFINITY, isPlain);
    const triangle = isTriangle(region, inside, { width, height, x, y });
    const inner = grown(region, inside, grey, edge);
    if (triangle) {
      const ring = grown(inner, inside, grey, edge).slice(inner.length);
      const levels = ring.map((at) => grey.values[at] as number).sort((a, b) => a - b);
      const beside = levels[levels.length >> 1];
      if (beside !== undefined) for (const at of inner) values[at] = beside;
    }
    for (const at of inner) mask[at] = 1;
  }
  return { grey: { values, width, height }, mask };
}

/** Whether a corner's region is the right-angled triangle that a rotation leaves. */
function isTriangle(
  region: number[],
  inside: Uint8Array,
  { width, height, x, y }: { width: number; height: number; x: number; y: number },
): boolean {
  const run = (step: number, length: number) => {
    let count = 0;
    while (count < length && inside[y * width + x + count * step]) count += 1;
    return count;
  };
  const across = run(x === 0 ? 1 : -1, width);
  const along = run(y === 0 ? width : -width, height);
  if (across === width || along === height) return false;
  const triangle = (across * along) / 2;
  return Math.abs(region.length - triangle) <= inexact * triangle + across + along;
}

/**
 * Places, followed by those that are connected with them, a pixel further with each step.
 * @param inside where what is found is marked; nothing that is marked is found
 */
function grown(
  places: number[],
  inside: Uint8Array,
  { width }: Grey,
  steps: number,
  belongs: (at: number) => boolean = () => true,
): number[] {
  const found = places.slice();
  for (const at of places) inside[at] = 1;
  const add = (at: number) => {
    if (inside[at] || !belongs(at)) return;
    inside[at] = 1;
    found.push(at);
  };
  for (let step = 0, next = 0; step < steps && next < found.length; step += 1) {
    for (const end = found.length; next < end; next += 1) {
      const at = found[next] as number;
      const x = at % width;
      if (x > 0) add(at - 1);
      if (x < width - 1) add(at + 1);
      if (at >= width) add(at - width);
      if (at < inside.length - width) add(at + width);
    }
  }
  return found;
}
