import { type Agreement, agreementOf } from './agreement.js';
import { type Alignment, alignmentOf, isSupported } from './alignment.js';
import { candidatesOf } from './candidates.js';
import type { Fingerprint } from './fingerprint.js';

/** Two photos that show the same. */
export interface NearDuplicate {
  /** Ids, the lower one first by code units. */
  a: string;
  b: string;
  /** One photo in two versions, or two photos of one moment or place. */
  kind: 'same photo' | 'same scene';
  evidence: Evidence;
}

/** What tells that two photos show the same. */
export interface Evidence extends Alignment, Agreement {}

/**
 * Finds photos that are versions of one another: resized, compressed again, cropped, framed, turned, mirrored,
 * written on, changed in colour; and photos of one scene. The result does not depend on the order of the photos.
 * @param photos ids differ from one another
 * @returns by `a`, then by `b`
 */
export function nearDuplicates(
  photos: { id: string; fingerprint: Fingerprint }[],
): NearDuplicate[] {
  const sorted = [...photos].sort((one, other) => (one.id < other.id ? -1 : 1));
  const found: NearDuplicate[] = [];
  for (const { first, second, matches } of candidatesOf(
    sorted.map(({ fingerprint }) => fingerprint),
  )) {
    const [a, b] = [sorted[first], sorted[second]] as [(typeof sorted)[0], (typeof sorted)[0]];
    if (!isSupported(a.fingerprint, b.fingerprint, matches)) continue;
    const evidence = compare(
      a.fingerprint,
      b.fingerprint,
      matches.some((match) => match.mirrored),
    );
    const kind = evidence && judge(evidence);
    if (kind) found.push({ a: a.id, b: b.id, kind, evidence });
  }
  return found;
}

/**
 * What speaks for two photos showing the same; null where nothing does.
 * @param mirrored whether the second one's mirror image is meant
 */
export function compare(a: Fingerprint, b: Fingerprint, mirrored: boolean): Evidence | null {
  const alignment = alignmentOf(a, b, mirrored);
  return alignment && { ...alignment, ...agreementOf(a, b, alignment.transform) };
}

/** The least that counts as evidence, of `bits` the most. */
type Threshold = Pick<Evidence, 'inliers' | 'correlation' | 'detail' | 'bits' | 'spread'>;

/**
 * Evidence of a photo's versions: each row is enough. The fewer keypoints agree the better the pixels must.
 * Fish of one species in the same pose on a plain background are what these must tell apart, and photos that
 * bear the same caption.
 */
const samePhoto: Threshold[] = [
  { inliers: 5, correlation: 0.985, detail: 0.975, bits: 50, spread: 0 },
  { inliers: 7, correlation: 0.98, detail: 0.97, bits: 50, spread: 0 },
  { inliers: 10, correlation: 0.95, detail: 0.93, bits: 30, spread: 0 },
  { inliers: 12, correlation: 0.985, detail: 0.88, bits: 25, spread: 0.06 },
  { inliers: 16, correlation: 0.965, detail: 0.94, bits: 50, spread: 0 },
  { inliers: 16, correlation: 0.98, detail: 0.9, bits: 35, spread: 0 },
  { inliers: 16, correlation: 0.98, detail: 0.83, bits: 25, spread: 0.04 },
  { inliers: 18, correlation: 0.8, detail: 0.7, bits: 20, spread: 0.06 },
  { inliers: 20, correlation: 0, detail: 0.35, bits: 35, spread: 0.06 },
  { inliers: 30, correlation: 0, detail: 0.35, bits: 45, spread: 0.06 },
];
/** Evidence of one scene. */
const sameScene: Threshold[] = [
  { inliers: 16, correlation: 0, detail: 0.5, bits: 45, spread: 0.06 },
  { inliers: 20, correlation: -1, detail: -1, bits: 45, spread: 0.06 },
];
/** Share of the smaller photo that two versions of one have in common at least. */
const leastOverlap = 0.3;

/** What evidence says; null where it is not enough. */
export function judge(evidence: Evidence): NearDuplicate['kind'] | null {
  const holds = (rows: Threshold[]) =>
    rows.some(
      (row) =>
        evidence.inliers >= row.inliers &&
        evidence.correlation >= row.correlation &&
        evidence.detail >= row.detail &&
        evidence.spread >= row.spread &&
        evidence.bits <= row.bits,
    );
  if (evidence.overlap >= leastOverlap && holds(samePhoto)) return 'same photo';
  return holds(sameScene) ? 'same scene' : null;
}
