import { type Agreement, agreementOf } from './agreement.js';
import { type Alignment, alignmentOf } from './alignment.js';
import { candidatesOf } from './candidates.js';
import type { Fingerprint } from './fingerprint.js';
import type { Match } from './proposal.js';
import { refined } from './refinement.js';

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
    const evidence = compare(a.fingerprint, b.fingerprint, matches);
    const kind = evidence && judge(evidence);
    if (kind) found.push({ a: a.id, b: b.id, kind, evidence });
  }
  return found;
}

/** What speaks for two photos showing the same where some matches lay one on the other; null where nothing does. */
export function compare(a: Fingerprint, b: Fingerprint, matches: Match[]): Evidence | null {
  const alignment = alignmentOf(a, b, matches);
  if (!alignment || !hasEnough(alignment)) return null;
  const transform = refined(a, b, alignment.transform);
  return { ...alignment, transform, ...agreementOf(a, b, transform) };
}

/** The least that counts as evidence, of `bits` the most. */
type Threshold = Pick<Evidence, 'inliers' | 'correlation' | 'detail' | 'bits' | 'spread'>;

/**
 * Evidence of a photo's versions: each row is enough. The fewer keypoints agree the better the pixels must.
 * Fish of one species in the same pose on a plain background are what these must tell apart, and photos that
 * bear the same caption.
 */
const samePhoto: Threshold[] = [
  { inliers: 9, correlation: 0.994, detail: 0.988, bits: 55, spread: 0.08 },
  { inliers: 16, correlation: 0.99, detail: 0.987, bits: 65, spread: 0.06 },
  { inliers: 16, correlation: 0.997, detail: 0.975, bits: 65, spread: 0.06 },
  { inliers: 24, correlation: 0.992, detail: 0.983, bits: 42, spread: 0.1 },
  { inliers: 16, correlation: 0.993, detail: 0.96, bits: 31, spread: 0.06 },
  { inliers: 30, correlation: 0.95, detail: 0.85, bits: 31, spread: 0.08 },
  { inliers: 40, correlation: 0.95, detail: 0.85, bits: 33, spread: 0.08 },
  { inliers: 60, correlation: 0.95, detail: 0.95, bits: 45, spread: 0.1 },
];
/** Evidence of one scene. */
const sameScene: Threshold[] = [
  { inliers: 16, correlation: 0.8, detail: 0.9, bits: 35, spread: 0.06 },
  { inliers: 30, correlation: 0.85, detail: 0.8, bits: 35, spread: 0.1 },
];
/** Share of the smaller photo that two versions of one have in common at least. */
const leastOverlap = 0.3;

/** Whether keypoints agree well enough for one of the rows: where not, pixels need no look. */
function hasEnough({ inliers, bits, spread }: Alignment): boolean {
  return [...samePhoto, ...sameScene].some(
    (row) => inliers >= row.inliers && bits <= row.bits && spread >= row.spread,
  );
}

/** What evidence says; null where it is not enough. */
export function judge(evidence: Evidence): NearDuplicate['kind'] | null {
  const holds = ({ inliers, correlation, detail, bits, spread }: Threshold) =>
    evidence.inliers >= inliers &&
    evidence.correlation >= correlation &&
    evidence.detail >= detail &&
    evidence.bits <= bits &&
    evidence.spread >= spread;
  if (evidence.overlap >= leastOverlap && samePhoto.some(holds)) return 'same photo';
  return sameScene.some(holds) ? 'same scene' : null;
}
