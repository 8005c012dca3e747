import { Piscina } from 'piscina';
import { GillnetError } from '../errors.js';
import type { NearDuplicate } from './near-duplicates.js';

/**
 * As `nearDuplicates`, of encoded fingerprints, in a thread of its own beside what else the process does.
 * @param photos fingerprints in shared memory are not copied
 * @throws GillnetError DAMAGED for a fingerprint that is another version's or not whole, and the signal's reason
 */
export async function nearDuplicatesInThread(
  photos: { id: string; fingerprint: Uint8Array }[],
  signal?: AbortSignal,
): Promise<NearDuplicate[]> {
  const thread = new Piscina({
    filename: new URL('./worker.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
  });
  try {
    const found = await thread.run(photos, signal && { signal });
    if ('refused' in found) throw new GillnetError('DAMAGED', found.refused);
    return found;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await thread.destroy();
  }
}
