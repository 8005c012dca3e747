import { type IssueFilter, labelIssues } from '../metrics/confident-learning.js';
import type { Classifier } from '../model/classifier.js';
import { outOfFold } from '../model/logistic-regression.js';
import { batches } from '../photos/batches.js';
import { event, type GillnetEvent } from './events.js';
import { foldsOf } from './folds.js';
import type { GuardedPhoto } from './guard.js';
import { decodeAhead, judgeBatchSize, type ReadPixels } from './judge.js';

export interface LookOptions {
  /** Of pretrained weights; its head does not matter. */
  classifier: Pick<Classifier, 'features'>;
  photos: GuardedPhoto[];
  read: ReadPixels;
  /** Edge of what `read` gives, in pixels. */
  size: number;
  signal?: AbortSignal | undefined;
}

/** What a network sees in each photo: of each, in their order, float32 [width]. */
export interface Features {
  photos: GuardedPhoto[];
  features: Float32Array[];
}

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

/** Model × photos → features. Photos that can't be read are left out without a word: the training will meet them. */
export async function* featuresOf(options: LookOptions): AsyncGenerator<GillnetEvent, Features> {
  const { classifier, photos, read, size, signal } = options;
  const seen: Features = { photos: [], features: [] };
  const loading = { read, batchSize: judgeBatchSize, size, ahead: decodeAhead, signal };
  for await (const batch of batches(photos, loading)) {
    const features = await classifier.features(batch);
    const width = features.length / batch.count;
    for (const [index, photo] of batch.items.entries()) {
      seen.photos.push(photo);
      seen.features.push(features.subarray(index * width, (index + 1) * width));
    }
    yield event('progress', { stage: 'doubt', done: seen.photos.length, total: photos.length });
  }
  return seen;
}

/**
 * Features × labels → the labels that look wrong, by confident learning over confidences of logistic regressions that
 * were fitted to the photos of the other folds. Labels of fewer groups than folds are not looked at.
 * @throws GillnetError INTERRUPTED, OUT_OF_MEMORY
 */
export async function doubtsOf(
  { photos, features }: Features,
  { seed, filter = measuredFilter, penalty = measuredPenalty, signal }: DoubtOptions,
): Promise<Doubts> {
  const folds = foldsOf(photos, foldCount, seed);
  const checked = [...photos.entries()].filter(([, photo]) => folds.has(photo));
  const classes = [...new Set(checked.map(([, { label }]) => label))].sort();
  if (classes.length < 2) return { checked: 0, doubts: [] };
  const labels = Int32Array.from(checked, ([, { label }]) => classes.indexOf(label));
  const width = features[0]?.length ?? 0;
  const flat = new Float32Array(checked.length * width);
  for (const [row, [index]] of checked.entries())
    flat.set(features[index] as Float32Array, row * width);
  const confidences = await outOfFold(
    {
      ...{ features: flat, count: checked.length, width, labels, classes: classes.length, penalty },
      folds: Int32Array.from(checked, ([, photo]) => folds.get(photo) as number),
    },
    signal,
  );
  const judgements = Array.from(labels, (truth, row) => ({
    truth,
    confidences: [...confidences.subarray(row * classes.length, (row + 1) * classes.length)],
  }));
  const issues = labelIssues(judgements, classes.length, filter);
  return {
    checked: checked.length,
    doubts: issues.map(({ index, quality, suggested }) => ({
      ...{ photo: checked[index]?.[1] as GuardedPhoto, quality },
      suggested: classes[suggested] as string,
    })),
  };
}
