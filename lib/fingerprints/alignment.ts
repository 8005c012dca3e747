import { descriptorWords, distance } from './descriptors.js';
import type { Fingerprint } from './fingerprint.js';
import { acrossOf, agreeing, type Match, placesOf, proposedBy } from './proposal.js';
import { type Correspondence, fitted, mapped, type Similarity } from './similarity.js';

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
/** Pixels of the frame by which a place may be off: as one match tells it, then as all do. */
const [proposedPixels, ...fittedPixels] = [14, 7, 5] as const;
const leastInliers = 3;
/** Keypoints that a few matches must bring this near to ones that look alike. */
const support = { least: 7, pixels: 10, bits: 48 };
const mostScale = 5;

/**
 * Finds the similarity transform that most matches of keypoints agree with. Each match proposes one by itself
 * (as in Lowe 2004), so that nothing needs to be drawn.
 * @param mirrored whether the one photo lies on the other's mirror image
 * @returns null where fewer than three places agree
 */
export function alignmentOf(a: Fingerprint, b: Fingerprint, mirrored: boolean): Alignment | null {
  const matches = matchesOf(a, b, mirrored);
  let inliers: Match[] = [];
  for (const match of matches) {
    const proposed = proposedBy(a, b, match);
    const found = agreeing(a, b, matches, proposed, { ...rough, pixels: proposedPixels });
    if (found.length > inliers.length) inliers = found;
  }
  let transform: Similarity | null = null;
  for (const pixels of fittedPixels) {
    if (inliers.length < leastInliers) return null;
    transform = fittedTo(a, b, inliers);
    if (!transform) return null;
    inliers = agreeing(a, b, matches, transform, { ...rough, pixels });
  }
  const places = placesOf(a, b, inliers);
  if (!transform || places < leastInliers) return null;
  const scale = Math.hypot(transform.a, transform.b);
  if (scale > mostScale || scale < 1 / mostScale) return null;
  return {
    transform,
    inliers: places,
    bits: middleBits(a, b, inliers),
    spread: Math.max(
      spreadOf(
        a,
        inliers.map(({ from }) => from),
      ),
      spreadOf(
        b,
        inliers.map(({ to }) => to),
      ),
    ),
  };
}

/**
 * Whether more keypoints of two photos look alike where a few matches lay one on the other: cheaper than to
 * align them, and true of all that can be aligned.
 */
export function isSupported(a: Fingerprint, b: Fingerprint, matches: Match[]): boolean {
  const transform = fittedTo(a, b, matches);
  if (!transform) return false;
  const octaves = Math.log2(Math.hypot(transform.a, transform.b));
  let found = 0;
  for (let i = 0; i < a.x.length && found < support.least; i += 1) {
    const [x, y] = mapped(transform, a.width, a.x[i] as number, a.y[i] as number);
    for (let j = 0; j < b.x.length; j += 1) {
      const offX = x - (b.x[j] as number);
      const offY = y - (b.y[j] as number);
      if (offX * offX + offY * offY > support.pixels * support.pixels) continue;
      const size = (b.octave[j] as number) - (a.octave[i] as number) - octaves;
      if (Math.abs(size) > rough.octaves) continue;
      if (bitsBetween(a, i, b, j, transform.mirrored) > support.bits) continue;
      found += 1;
      break;
    }
  }
  return found >= support.least;
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
function spreadOf({ x, y, width, height }: Fingerprint, keypoints: number[]): number {
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

/** For each keypoint of one photo the most alike of the other's. */
function matchesOf(a: Fingerprint, b: Fingerprint, mirrored: boolean): Match[] {
  const matches: Match[] = [];
  for (let from = 0; from < a.x.length; from += 1) {
    let nearest = -1;
    let bits = mostBits + 1;
    for (let to = 0; to < b.x.length; to += 1) {
      const differing = bitsBetween(a, from, b, to, mirrored);
      if (differing >= bits) continue;
      bits = differing;
      nearest = to;
    }
    if (nearest >= 0) matches.push({ from, to: nearest, mirrored });
  }
  return matches;
}
