import type { CatalogPhoto } from '../catalog/catalog.js';
import { GillnetError } from '../errors.js';
import { sha256Of } from '../sha256.js';
import type { Store } from '../store/store.js';
import type { PixelCache } from './cache.js';
import { decode } from './decode.js';
import { type Resize, resizes } from './resizes.js';
import { thumbnail } from './thumbnail.js';

/** Photos of a catalog as pixels, read from their store and held by content. */
export class PhotoReader {
  #store: Store;
  #cache: PixelCache;

  constructor(store: Store, cache: PixelCache) {
    this.#store = store;
    this.#cache = cache;
  }

  /**
   * @returns uint8 [size, size, 3], not to be written to
   * @throws GillnetError NOT_FOUND, NOT_A_PHOTO, CHANGED when it is not what was extracted, and the store's
   */
  async pixels(photo: CatalogPhoto, size: number, resize?: Resize): Promise<Uint8Array> {
    const key = [photo.sha256, size, resize ?? resizes.own].join();
    const cached = this.#cache.get(key);
    if (cached) return cached;
    const pixels = await this.pixelsOnce(photo, size, resize);
    this.#cache.offer(key, pixels);
    return pixels;
  }

  /** As `pixels`, for a photo that nobody asks for at this size again: none are held. */
  async pixelsOnce(photo: CatalogPhoto, size: number, resize?: Resize): Promise<Uint8Array> {
    return decode(await this.#bytes(photo), size, resize);
  }

  /** A small WebP of a photo. @throws as `pixels` does */
  async thumbnail(photo: CatalogPhoto): Promise<Buffer> {
    return thumbnail(await this.#bytes(photo));
  }

  async #bytes(photo: CatalogPhoto): Promise<Uint8Array> {
    const bytes = await this.#store.get(photo);
    if (sha256Of(bytes) !== photo.sha256) {
      throw new GillnetError(
        'CHANGED',
        `${photo.key} has changed since it was extracted. Run \`gillnet extract\` again.`,
      );
    }
    return bytes;
  }
}
