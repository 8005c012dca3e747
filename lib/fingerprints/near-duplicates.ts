import { type Agreement, agreementOf } from './agreement.js';
import { type Alignment, alignmentOf, shareOf } from './alignment.js';
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
export interface Evidence extends Alignment, Agreement {
  /**
   * Share of the keypoints where the photos overlap, of the photo that has fewer of them there, that agree to
   * 1.5 pixels, 0…1: look-alikes agree roughly, versions exactly.
   */
  share: number;
}

/**
 * Finds photos that are versions of one another: resized, compressed again, cropped, framed, turned, mirrored,
 * written on, changed in colour; and photos of one scene. The result does not depend on the order of the photos.
 * @param photos ids differ from one another; a fingerprint is asked for when it is needed, some of them again
 * @param memory bytes that the search may take, beside some 50 MB; what takes more goes into a file without a name
 * @returns by `a`, then by `b`
 */
export function nearDuplicates(
  photos: { id: string; fingerprint: Fingerprint }[],
  memory = Number.POSITIVE_INFINITY,
): NearDuplicate[] {
  const sorted = [...photos].sort((one, other) => (one.id < other.id ? -1 : 1));
  const found: NearDuplicate[] = [];
  const photo = (index: number) => sorted[index] as (typeof sorted)[0];
  const fingerprints = { count: sorted.length, at: (index: number) => photo(index).fingerprint };
  for (const { first, second, a, b, matches } of candidatesOf(fingerprints, memory)) {
    const evidence = compare(a, b, matches);
    const kind = evidence && judge(evidence);
    if (kind) found.push({ a: photo(first).id, b: photo(second).id, kind, evidence });
  }
  return found;
}

/** What speaks for two photos showing the same where some matches lay one on the other; null where nothing does. */
function compare(a: Fingerprint, b: Fingerprint, matches: Match[]): Evidence | null {
  const alignment = alignmentOf(a, b, matches);
  if (!alignment || !hasEnough(alignment)) return null;
  const transform = refined(a, b, alignment.transform);
  return {
    ...alignment,
    transform,
    share: shareOf(a, b, transform),
    ...agreementOf(a, b, transform),
  };
}

/** The least that counts as evidence, of `bits` the most. */
type Threshold = Pick<Evidence, 'inliers' | 'share' | 'correlation' | 'detail' | 'bits'>;

/**
 * Evidence of a photo's versions: each row is enough. Where a smaller share of the keypoints agree exactly, as in
 * photos that are stretched a little, tiny or written on, the pixels must agree better, or more keypoints be more alike.
 * Fish of one species in the same pose on a plain background are what these must tell apart.
 */
const samePhoto: Threshold[] = [
  { inliers: 12, share: 0.24, correlation: 0.98, detail: 0.95, bits: 65 },
  { inliers: 16, share: 0.18, correlation: 0.993, detail: 0.93, bits: 43 },
  { inliers: 9, share: 0, correlation: 0.997, detail: 0.987, bits: 65 },
  { inliers: 12, share: 0, correlation: 0.993, detail: 0.988, bits: 30 },
  { inliers: 40, share: 0, correlation: 0.95, detail: 0.85, bits: 33 },
  { inliers: 50, share: 0, correlation: 0.991, detail: 0.98, bits: 40 },
];
/** Evidence of one scene: keypoints agree exactly, whatever the pixels do. */
const sameScene: Threshold[] = [
  { inliers: 16, share: 0.22, correlation: -1, detail: -1, bits: 40 },
];
/** Keypoints that stand in a line are a caption's. */
const leastSpread = 0.06;
/** Share of the smaller photo that two versions of one have in common at least. */
const leastOverlap = 0.3;

/** Whether keypoints agree well enough for one of the rows: where not, pixels need no look. */
function hasEnough({ inliers, bits, spread }: Alignment): boolean {
  return (
    spread >= leastSpread &&
    [...samePhoto, ...sameScene].some((row) => inliers >= row.inliers && bits <= row.bits)
  );
}

/** What evidence says; null where it is not enough. */
function judge(evidence: Evidence): NearDuplicate['kind'] | null {
  const holds = ({ inliers, share, correlation, detail, bits }: Threshold) =>
    evidence.inliers >= inliers &&
    evidence.share >= share &&
    evidence.correlation >= correlation &&
    evidence.detail >= detail &&
    evidence.bits <= bits;
  if (evidence.overlap >= leastOverlap && samePhoto.some(holds)) return 'same photo';
  return sameScene.some(holds) ? 'same scene' : null;
}
