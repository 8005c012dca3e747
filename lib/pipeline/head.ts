import type { CatalogPhoto } from '../catalog/catalog.js';
import type { Classifier } from '../model/classifier.js';
import { fitHead } from '../model/logistic-regression.js';
import { float32 } from '../model/state.js';
import type { GillnetEvent } from './events.js';
import { type Features, featuresOf, labelledFeatures } from './features.js';
import type { ReadPixels } from './judge.js';

export interface HeadOptions {
  /** Of pretrained weights; its head is replaced. */
  classifier: Classifier;
  photos: CatalogPhoto[];
  /** What it sees of some of the photos already. */
  seen?: Features<CatalogPhoto> | null | undefined;
  /** Pixels at `size`. */
  read: ReadPixels;
  /** Edge of what `read` gives, in pixels. */
  size: number;
  /** Of the regression, as `fitHead` takes it. */
  penalty: number;
  signal?: AbortSignal | undefined;
}

/** How the head does on the photos that it was fitted to. */
export interface HeadFit {
  photos: number;
  /** Mean cross-entropy. */
  loss: number;
  correct: number;
}

/**
 * Gives a network the head that tells best from what it sees already: a linear probe, which is the start of fine-tuning
 * that distorts the features least (Kumar et al. 2022, arXiv:2202.10054).
 * @returns null when none of the photos can be read, and once the signal is aborted
 * @throws GillnetError OUT_OF_MEMORY
 */
export async function* fittingHead(
  options: HeadOptions,
): AsyncGenerator<GillnetEvent, HeadFit | null> {
  const { classifier, photos, seen, read, size, penalty, signal } = options;
  const known = new Map(seen?.photos.map((photo, at) => [photo, seen.features[at]]));
  const parts = [photos.filter((photo) => !known.has(photo))];
  const looked = yield* featuresOf({ classifier, parts, read, size, stage: 'train', signal });
  for (const [at, photo] of looked.photos.entries()) known.set(photo, looked.features[at]);
  const readable = photos.filter((photo) => known.has(photo));
  if (readable.length === 0 || signal?.aborted) return null;
  const features = readable.map((photo) => known.get(photo) as Float32Array);
  const labelled = labelledFeatures({ photos: readable, features }, classifier.classes);
  const head = await fitHead({ ...labelled, penalty }, signal).catch((error) => {
    if (signal?.aborted) return null;
    throw error;
  });
  if (!head) return null;
  const { weight, bias, loss, correct } = head;
  const { classes, width } = labelled;
  await classifier.setState({
    'fc.weight': float32([classes, width], weight),
    'fc.bias': float32([classes], bias),
  });
  return { photos: readable.length, loss, correct };
}
