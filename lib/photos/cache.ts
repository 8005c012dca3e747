/**
 * Decoded photos in memory, up to a limit. A full cache keeps what it has: every epoch reads all photos
 * once, so that dropping the oldest would drop each just before it is needed again.
 */
export class PixelCache {
  #pixels = new Map<string, Uint8Array>();
  #bytes = 0;

  /** @param limit in bytes of pixels */
  constructor(readonly limit: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Uint8Array | undefined {
    return this.#pixels.get(key);
  }

  /** Keeps the pixels if they fit. */
  offer(key: string, pixels: Uint8Array): void {
    if (this.#bytes + pixels.length > this.limit || this.#pixels.has(key)) return;
    this.#pixels.set(key, pixels);
    this.#bytes += pixels.length;
  }
}
