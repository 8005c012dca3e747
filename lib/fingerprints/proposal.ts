import type { Fingerprint } from './fingerprint.js';
import type { Similarity } from './similarity.js';

/** A keypoint of one photo that looks like one of another's, or of its mirror image. */
export interface Match {
  from: number;
  to: number;
  mirrored: boolean;
}

/** How far a keypoint may be off the one that it matches. */
export interface Tolerance {
  /** Of the second photo's frame. */
  pixels: number;
  octaves: number;
  /** Radians. */
  turn: number;
}

/** The transform that lays the one keypoint of a match on the other by their places, sizes and directions. */
export function proposedBy(a: Fingerprint, b: Fingerprint, match: Match): Similarity {
  const { from, to, mirrored } = match;
  const scale = 2 ** ((b.octave[to] as number) - (a.octave[from] as number));
  const turn = (b.angle[to] as number) - directionOf(a, from, mirrored);
  const cosine = scale * Math.cos(turn);
  const sine = scale * Math.sin(turn);
  const x = acrossOf(a, from, mirrored);
  const y = a.y[from] as number;
  return {
    a: cosine,
    b: sine,
    shiftX: (b.x[to] as number) - cosine * x + sine * y,
    shiftY: (b.y[to] as number) - sine * x - cosine * y,
    mirrored,
  };
}

/** Tells whether a transform lays a keypoint of the first photo on one of the second. */
export function layingOf(
  a: Fingerprint,
  b: Fingerprint,
  { a: cosine, b: sine, shiftX, shiftY, mirrored }: Similarity,
  { pixels, octaves, turn }: Tolerance,
): (from: number, to: number) => boolean {
  const grown = Math.log2(Math.hypot(cosine, sine));
  const turned = Math.atan2(sine, cosine);
  return (from, to) => {
    const x = acrossOf(a, from, mirrored);
    const y = a.y[from] as number;
    const offX = cosine * x - sine * y + shiftX - (b.x[to] as number);
    const offY = sine * x + cosine * y + shiftY - (b.y[to] as number);
    if (offX * offX + offY * offY > pixels * pixels) return false;
    const size = (b.octave[to] as number) - (a.octave[from] as number) - grown;
    if (Math.abs(size) > octaves) return false;
    const angle = (b.angle[to] as number) - directionOf(a, from, mirrored) - turned;
    return Math.abs(withinHalfTurn(angle)) <= turn;
  };
}

/** How many places the matches join: one place may have keypoints of several directions and sizes. */
export function placesOf(a: Fingerprint, b: Fingerprint, matches: Match[]): number {
  const distinct = ({ x, y }: Fingerprint, end: 'from' | 'to') =>
    new Set(
      matches.map(
        ({ [end]: i }) =>
          Math.round((x[i] as number) / 4) * 1024 + Math.round((y[i] as number) / 4),
      ),
    ).size;
  return Math.min(distinct(a, 'from'), distinct(b, 'to'));
}

/** Where a keypoint stands across its photo, or the mirror image. */
export function acrossOf({ x, width }: Fingerprint, keypoint: number, mirrored: boolean): number {
  return mirrored ? width - 1 - (x[keypoint] as number) : (x[keypoint] as number);
}

function directionOf({ angle }: Fingerprint, keypoint: number, mirrored: boolean): number {
  return mirrored ? Math.PI - (angle[keypoint] as number) : (angle[keypoint] as number);
}

function withinHalfTurn(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
