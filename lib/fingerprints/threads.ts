import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { GillnetError } from '../errors.js';
import { type Examined, examine } from './examine.js';
import type { NearDuplicate } from './near-duplicates.js';
import { packed } from './packed.js';

/** Fingerprints and their comparison on all processors, beside what else the process does. */
export class FingerprintThreads {
  #pool = new Piscina({
    filename: new URL('./worker.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: availableParallelism(),
    // Until they are closed: a thread that ends when it has waited for a moment compiles the arithmetic anew each time.
    idleTimeout: Number.POSITIVE_INFINITY,
  });

  /** As `examine`. @throws GillnetError NOT_A_PHOTO */
  examine(bytes: Uint8Array): Promise<Examined> {
    return examine(bytes, (raster) => this.#pool.run(raster, { name: 'fingerprint' }));
  }

  /**
   * As `nearDuplicates`, of encoded fingerprints.
   * @throws GillnetError DAMAGED for a fingerprint that is another version's or not whole, and the signal's reason
   */
  async compare(
    photos: { id: string; fingerprint: Uint8Array }[],
    signal?: AbortSignal,
  ): Promise<NearDuplicate[]> {
    const comparing = this.#pool.run(packed(photos), {
      name: 'compare',
      ...(signal && { signal }),
    });
    const found = await comparing.catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    });
    if ('refused' in found) throw new GillnetError('DAMAGED', found.refused);
    return found;
  }

  /** Ends the threads, and what they do. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
