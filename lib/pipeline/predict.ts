import type { CatalogPhoto } from '../catalog/catalog.js';
import { GillnetError, messageOf } from '../errors.js';
import { rank } from '../metrics/softmax.js';
import type { Classifier } from '../model/classifier.js';
import { random } from '../random.js';
import { event, type GillnetEvent } from './events.js';
import type { ReadPixels } from './judge.js';

/** A photo to predict: its name as a person knows it, and where its pixels come from. */
export interface PhotoToPredict {
  name: string;
  /** uint8 [size, size, 3] at the network's size. */
  pixels: () => Promise<Uint8Array>;
  expected?: string;
}

export interface PredictOptions {
  classifier: Classifier;
  photos: PhotoToPredict[];
  /** Ranked labels to give; all by default. */
  top?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Model × photo → ranked labels, and how many were right where that is known. A photo that can't be read yields an `error`, and the rest goes on. */
export async function* predict(options: PredictOptions): AsyncGenerator<GillnetEvent, void> {
  const { classifier, photos, top = classifier.classes.length, signal } = options;
  const size = classifier.imageSize;
  const tried = { photos: 0, right: 0 };
  for (const { name, pixels, expected } of photos) {
    if (signal?.aborted) return;
    try {
      const batch = { pixels: await pixels(), count: 1, height: size, width: size };
      const { classes, temperature, threshold } = classifier;
      const ranked = rank(await classifier.predict(batch), classes, temperature);
      const [best] = ranked as [(typeof ranked)[number]];
      yield event('predicted', {
        photo: name,
        ...{ ...best, sure: best.confidence >= threshold },
        ranked: ranked.slice(0, top),
        ...(expected === undefined ? {} : { expected }),
      });
      if (expected !== undefined) tried.photos += 1;
      if (expected === best.label) tried.right += 1;
    } catch (error) {
      if (!(error instanceof GillnetError) || error.exitCode !== 2) throw error;
      yield event('error', { code: error.code, message: messageOf(error), photo: name });
    }
  }
  if (tried.photos > 0) yield event('tried', tried);
}

/** How many the original service tries. */
export const triedPhotos = 10;

/** Photos of a catalog, whose labels are known. */
export function toPredict(photos: CatalogPhoto[], read: ReadPixels): PhotoToPredict[] {
  return photos.map((photo) => ({
    name: photo.key,
    pixels: () => read(photo),
    expected: photo.label,
  }));
}

/** `count` photos drawn without replacement, the same ones for the same seed and catalog. */
export function draw(photos: CatalogPhoto[], count: number, seed: number): CatalogPhoto[] {
  return random(seed, 'predict').shuffle(photos).slice(0, count);
}
