import type { CatalogPhoto } from '../catalog/catalog.js';
import type { Classifier } from '../model/classifier.js';
import { batches } from '../photos/batches.js';
import { event, type GillnetEvent, type Stage } from './events.js';
import type { GuardedPhoto } from './guard.js';
import { decodeAhead, judgeBatchSize, labelsOf, type ReadPixels } from './judge.js';

export interface LookOptions<Photo extends CatalogPhoto> {
  /** Of pretrained weights; its head does not matter. */
  classifier: Pick<Classifier, 'features'>;
  /** Each in batches of its own: what is seen of a photo may hang, in its last digits, on its batch. */
  parts: Photo[][];
  read: ReadPixels;
  /** Edge of what `read` gives, in pixels. */
  size: number;
  /** The stage whose progress this is. */
  stage: Stage;
  signal?: AbortSignal | undefined;
}

/** What a network sees in each photo: of each, in their order, float32 [width]. */
export interface Features<Photo extends CatalogPhoto = GuardedPhoto> {
  photos: Photo[];
  features: Float32Array[];
}

/** Model × photos → features. Photos that can't be read are left out without a word: the training will meet them. */
export async function* featuresOf<Photo extends CatalogPhoto>(
  options: LookOptions<Photo>,
): AsyncGenerator<GillnetEvent, Features<Photo>> {
  const { classifier, parts, read, size, stage, signal } = options;
  const seen: Features<Photo> = { photos: [], features: [] };
  const total = parts.flat().length;
  const loading = { read, batchSize: judgeBatchSize, size, ahead: decodeAhead, signal };
  for (const photos of parts) {
    for await (const batch of batches(photos, loading)) {
      const features = await classifier.features(batch);
      const width = features.length / batch.count;
      for (const [index, photo] of batch.items.entries()) {
        seen.photos.push(photo);
        seen.features.push(features.subarray(index * width, (index + 1) * width));
      }
      yield event('progress', { stage, done: seen.photos.length, total });
    }
  }
  return seen;
}

/** What the regressions take: features float32 [count, width], labels by their place among `classes`. */
export function labelledFeatures({ photos, features }: Features<CatalogPhoto>, classes: string[]) {
  const width = features[0]?.length ?? 0;
  const flat = new Float32Array(photos.length * width);
  for (const [row, each] of features.entries()) flat.set(each, row * width);
  const labels = labelsOf(photos, classes);
  return { features: flat, count: photos.length, width, labels, classes: classes.length };
}
