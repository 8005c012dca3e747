import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { greyOf } from './decode.js';
import { decode } from './encoding.js';
import { decodedEdge } from './fingerprint.js';
import type { NearDuplicate } from './near-duplicates.js';

/** Fingerprints and their comparison on all processors, beside what else the process does. */
export class FingerprintThreads {
  #pool = new Piscina({
    filename: new URL('./worker.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: availableParallelism(),
    // Until they are closed: a thread that ends when it has waited for a moment compiles the arithmetic anew each time.
    idleTimeout: Number.POSITIVE_INFINITY,
  });

  /** The encoded fingerprint of a photo's bytes. @throws GillnetError NOT_A_PHOTO */
  async fingerprintOf(bytes: Uint8Array): Promise<Uint8Array> {
    const grey = await greyOf(bytes, decodedEdge);
    const transferList = [grey.values.buffer as ArrayBuffer];
    return this.#pool.run(grey, { name: 'fingerprint', transferList });
  }

  /**
   * As `nearDuplicates`, of encoded fingerprints.
   * @throws GillnetError DAMAGED for a fingerprint that is another version's or not whole, and the signal's reason
   */
  async compare(
    photos: { id: string; fingerprint: Uint8Array }[],
    signal?: AbortSignal,
  ): Promise<NearDuplicate[]> {
    const decoded = photos.map(({ id, fingerprint }) => ({ id, fingerprint: decode(fingerprint) }));
    try {
      return await this.#pool.run(decoded, { name: 'compare', ...(signal && { signal }) });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  }

  /** Ends the threads, and what they do. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
