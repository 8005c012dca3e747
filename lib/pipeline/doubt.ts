import { type IssueFilter, labelIssues } from '../metrics/confident-learning.js';
import { outOfFold } from '../model/logistic-regression.js';
import { type Features, labelledFeatures } from './features.js';
import type { GuardedPhoto } from './guard.js';
import { foldsOf } from './split.js';

export interface DoubtOptions {
  seed: number;
  /** Default `both`. */
  filter?: IssueFilter | undefined;
  /** Of the regressions, as `outOfFold` takes it; default 300. */
  penalty?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** A photo whose label is likely wrong. */
export interface Doubt {
  photo: GuardedPhoto;
  suggested: string;
  quality: number;
}

export interface Doubts {
  /** Photos whose labels were looked at. */
  checked: number;
  /** The worst first. */
  doubts: Doubt[];
}

const foldCount = 5;
/** Of 1 to 10,000 what finds most flipped labels among the fewest others, as 1,000 does (bench/doubt.ts). */
const measuredPenalty = 300;
/**
 * A person looks at every find: it finds 74 % of flipped labels where `prune_by_noise_rate` finds 79 %, and of photos as
 * they come 48 instead of 65 (bench/doubt.ts, at 224²).
 */
const measuredFilter: IssueFilter = 'both';

/**
 * Features × labels → the labels that look wrong, by confident learning over confidences of logistic regressions that
 * were fitted to the photos of the other folds. Labels of fewer groups than folds are not looked at.
 * @throws GillnetError INTERRUPTED, OUT_OF_MEMORY
 */
export async function doubtsOf(
  seen: Features,
  { seed, filter = measuredFilter, penalty = measuredPenalty, signal }: DoubtOptions,
): Promise<Doubts> {
  const folds = foldsOf(seen.photos, foldCount, seed);
  const takesPart = (index: number) => folds.has(seen.photos[index] as GuardedPhoto);
  const photos = seen.photos.filter((_, index) => takesPart(index));
  const features = seen.features.filter((_, index) => takesPart(index));
  const classes = [...new Set(photos.map(({ label }) => label))].sort();
  if (classes.length < 2) return { checked: 0, doubts: [] };
  const labelled = labelledFeatures({ photos, features }, classes);
  const foldOfEach = Int32Array.from(photos, (photo) => folds.get(photo) as number);
  const confidences = await outOfFold({ ...labelled, penalty, folds: foldOfEach }, signal);
  const judgements = Array.from(labelled.labels, (truth, row) => ({
    truth,
    confidences: [...confidences.subarray(row * classes.length, (row + 1) * classes.length)],
  }));
  const issues = labelIssues(judgements, classes.length, filter);
  return {
    checked: photos.length,
    doubts: issues.map(({ index, quality, suggested }) => ({
      ...{ photo: photos[index] as GuardedPhoto, quality },
      suggested: classes[suggested] as string,
    })),
  };
}
