import { descriptorWords, distance } from './descriptors.js';
import type { Fingerprint } from './fingerprint.js';
import { acrossOf, layingOf, type Match, placesOf } from './proposal.js';
import { type Correspondence, fitted, mapped, mappedBack, type Similarity } from './similarity.js';

/** How one photo lies on another. */
export interface Alignment {
  /** From the first photo's frame to the second's. */
  transform: Similarity;
  /** Places of keypoints that agree with the transform. */
  inliers: number;
  /** Bits in which the descriptors of the middle one of them differ, 0…256: few in copies, more in look-alikes. */
  bits: number;
  /**
   * How far they spread across their narrower direction: standard deviation by the frame's shorter edge, of the
   * photo where it is more. A caption's stand in a line, a photo's everywhere.
   */
  spread: number;
}

/** Bits in which descriptors of one place differ at most. */
const mostBits = 80;
const rough = { octaves: 0.6, turn: Math.PI / 6 };
/** Pixels of the frame by which a place may be off: as a few matches tell it, then as all do. */
const closing = [14, 14, 9, 5] as const;
/** Pixels of the frame: no place may be off by more. */
const squareEdge = closing[0];
/** Pixels of the coarser frame by which a place may be off that agrees exactly. */
const exact = 1.5;
const leastInliers = 7;
const mostScale = 5;

/**
 * Fits the similarity transform that a few matches of keypoints tell to all keypoints that look alike where it
 * lays one photo on the other, closer from step to step.
 * @param matches agree with one another
 * @returns null where fewer than seven places agree
 */
export function alignmentOf(a: Fingerprint, b: Fingerprint, matches: Match[]): Alignment | null {
  const near = new Nearby(b);
  let inliers = matches;
  let transform: Similarity | null = null;
  for (const pixels of closing) {
    transform = fittedTo(a, b, inliers);
    if (!transform) return null;
    inliers = matchesUnder(a, b, transform, pixels, near);
    if (inliers.length < leastInliers) return null;
  }
  transform = fittedTo(a, b, inliers);
  const places = placesOf(a, b, inliers);
  if (!transform || places < leastInliers) return null;
  const scale = Math.hypot(transform.a, transform.b);
  if (scale > mostScale || scale < 1 / mostScale) return null;
  return {
    transform,
    inliers: places,
    bits: middleBits(a, b, inliers),
    spread: Math.max(spreadOf(a, inliers, 'from'), spreadOf(b, inliers, 'to')),
  };
}

/**
 * Share of the keypoints where two photos overlap, of the photo that has fewer of them there, that a transform
 * lays exactly on ones that look alike.
 */
export function shareOf(a: Fingerprint, b: Fingerprint, transform: Similarity): number {
  const pixels = exact * Math.max(1, Math.hypot(transform.a, transform.b));
  const matches = matchesUnder(a, b, transform, pixels, new Nearby(b));
  const common = Math.min(
    countInside(a, b, (x, y) => mapped(transform, a.width, x, y)),
    countInside(b, a, (x, y) => mappedBack(transform, a.width, x, y)),
  );
  return common > 0 ? Math.min(1, placesOf(a, b, matches) / common) : 0;
}

/** How many keypoints of one photo lie within the other's frame. */
function countInside(
  { x, y }: Fingerprint,
  { width, height }: Fingerprint,
  place: (x: number, y: number) => [number, number],
): number {
  let count = 0;
  for (let i = 0; i < x.length; i += 1) {
    const [toX, toY] = place(x[i] as number, y[i] as number);
    if (toX >= 0 && toY >= 0 && toX <= width - 1 && toY <= height - 1) count += 1;
  }
  return count;
}

function fittedTo(a: Fingerprint, b: Fingerprint, matches: Match[]): Similarity | null {
  const [first] = matches;
  if (!first) return null;
  const pairs = matches.map(
    ({ from, to, mirrored }): Correspondence => [
      acrossOf(a, from, mirrored),
      a.y[from] as number,
      b.x[to] as number,
      b.y[to] as number,
    ],
  );
  return fitted(pairs, first.mirrored);
}

/** The square root of the smaller eigenvalue of the places' covariance, by the frame's shorter edge. */
function spreadOf(
  { x, y, width, height }: Fingerprint,
  matches: Match[],
  end: 'from' | 'to',
): number {
  const keypoints = matches.map((match) => match[end]);
  const mean = (values: Float32Array) =>
    keypoints.reduce((sum, i) => sum + (values[i] as number), 0) / keypoints.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  let [xx, xy, yy] = [0, 0, 0];
  for (const i of keypoints) {
    const offX = (x[i] as number) - meanX;
    const offY = (y[i] as number) - meanY;
    xx += (offX * offX) / keypoints.length;
    xy += (offX * offY) / keypoints.length;
    yy += (offY * offY) / keypoints.length;
  }
  const smaller = (xx + yy - Math.hypot(xx - yy, 2 * xy)) / 2;
  return Math.sqrt(Math.max(0, smaller)) / Math.min(width, height);
}

function middleBits(a: Fingerprint, b: Fingerprint, matches: Match[]): number {
  const bits = matches
    .map((match) => bitsBetween(a, match.from, b, match.to, match.mirrored))
    .sort((one, other) => one - other);
  return bits[bits.length >> 1] ?? 0;
}

function bitsBetween(
  a: Fingerprint,
  i: number,
  b: Fingerprint,
  j: number,
  mirrored: boolean,
): number {
  return distance(a.descriptors, i * descriptorWords, b.descriptors, j * descriptorWords, mirrored);
}

/** For each keypoint of one photo the most alike of those that a transform lays it on. */
function matchesUnder(
  a: Fingerprint,
  b: Fingerprint,
  transform: Similarity,
  pixels: number,
  near: Nearby,
): Match[] {
  const { mirrored } = transform;
  const lays = layingOf(a, b, transform, { ...rough, pixels });
  const matches: Match[] = [];
  for (let from = 0; from < a.x.length; from += 1) {
    let nearest = -1;
    let bits = mostBits + 1;
    const [x, y] = mapped(transform, a.width, a.x[from] as number, a.y[from] as number);
    for (const to of near.to(x, y)) {
      if (!lays(from, to)) continue;
      const differing = bitsBetween(a, from, b, to, mirrored);
      if (differing >= bits) continue;
      bits = differing;
      nearest = to;
    }
    if (nearest >= 0) matches.push({ from, to: nearest, mirrored });
  }
  return matches;
}

/** The keypoints of a photo by squares of its frame. */
class Nearby {
  readonly #columns: number;
  readonly #squares: number[][];

  constructor({ x, y, width, height }: Fingerprint) {
    this.#columns = Math.ceil(width / squareEdge) + 2;
    const count = this.#columns * (Math.ceil(height / squareEdge) + 2);
    this.#squares = Array.from({ length: count }, () => []);
    // Each stands in its own square and in those around it, so that one is enough to look at.
    x.forEach((across, keypoint) => {
      const at = this.#squareOf(across, y[keypoint] as number);
      for (const row of [-this.#columns, 0, this.#columns]) {
        for (const column of [-1, 0, 1]) this.#squares[at + row + column]?.push(keypoint);
      }
    });
  }

  /** Those that stand nearer to a place than a square's edge, and some others; none beyond the frame. */
  to(x: number, y: number): readonly number[] {
    return this.#squares[this.#squareOf(x, y)] ?? [];
  }

  #squareOf(x: number, y: number): number {
    const column = Math.floor(x / squareEdge) + 1;
    if (column < 0 || column >= this.#columns) return -1;
    return (Math.floor(y / squareEdge) + 1) * this.#columns + column;
  }
}
