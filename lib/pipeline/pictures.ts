import type { CatalogPhoto } from '../catalog/catalog.js';
import { mapConcurrent } from '../concurrency.js';
import { GillnetError } from '../errors.js';
import { event, type GillnetEvent } from './events.js';

/** Small WebP of a photo. */
export type PictureOf = (photo: CatalogPhoto) => Promise<Buffer>;

/** Photos read side by side. */
const ahead = 4;

/** Tells what the photos of a run look like, each once. */
export class Pictures {
  #pictureOf: PictureOf | undefined;
  /** By their keys, some 2 kB each; null of those that can't be had. */
  #told = new Map<string, Buffer | null>();

  /** @param pictureOf without it nothing is told */
  constructor(pictureOf?: PictureOf) {
    this.#pictureOf = pictureOf;
  }

  /** A photo that can't be had has no picture: the training itself will meet what is wrong. */
  async *of(photos: CatalogPhoto[]): AsyncGenerator<GillnetEvent, void> {
    const pictureOf = this.#pictureOf;
    if (!pictureOf) return;
    const missing = photos.filter((photo) => !this.#told.has(photo.key));
    const read = mapConcurrent(missing, ahead, async (photo) => ({
      photo,
      image: await pictureOf(photo).catch(nothing),
    }));
    for await (const { photo, image } of read) {
      this.#told.set(photo.key, image);
      if (image) yield event('picture', { photo: photo.key, image: image.toString('base64') });
    }
  }

  /** What was told of a photo, if anything. */
  told({ key }: CatalogPhoto): Buffer | null {
    return this.#told.get(key) ?? null;
  }
}

/** In place of a photo that can't be had. @throws what is no GillnetError */
export function nothing(error: unknown): null {
  if (error instanceof GillnetError) return null;
  throw error;
}
