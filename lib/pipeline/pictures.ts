import type { CatalogPhoto } from '../catalog/catalog.js';
import { mapConcurrent } from '../concurrency.js';
import { GillnetError } from '../errors.js';
import { event, type GillnetEvent } from './events.js';

/** Small WebP of a photo. */
export type PictureOf = (photo: CatalogPhoto) => Promise<Buffer>;

/** Photos read side by side. */
const ahead = 4;

/** Tells what photos look like, each once. */
export class Pictures {
  #pictureOf: PictureOf | undefined;
  #told = new Set<CatalogPhoto>();

  /** @param pictureOf without it nothing is told */
  constructor(pictureOf: PictureOf | undefined) {
    this.#pictureOf = pictureOf;
  }

  /** A photo that can't be had has no picture: the training itself will meet what is wrong. */
  async *of(photos: CatalogPhoto[]): AsyncGenerator<GillnetEvent, void> {
    const pictureOf = this.#pictureOf;
    if (!pictureOf) return;
    const missing = photos.filter((photo) => !this.#told.has(photo));
    for (const photo of missing) this.#told.add(photo);
    const pictured = mapConcurrent(missing, ahead, async (photo) => {
      const image = await pictureOf(photo).catch(nothing);
      return image && event('picture', { photo: photo.key, image: image.toString('base64') });
    });
    for await (const picture of pictured) if (picture) yield picture;
  }
}

function nothing(error: unknown): null {
  if (error instanceof GillnetError) return null;
  throw error;
}
