import { Piscina } from 'piscina';
import { GillnetError } from '../errors.js';
import type { Spool, Spooled } from '../spool.js';
import type { NearDuplicate } from './near-duplicates.js';
import type { Search } from './worker.js';

export interface ThreadOptions {
  /** Bytes, as `nearDuplicates` takes them. */
  memory: number;
  signal?: AbortSignal | undefined;
}

/**
 * As `nearDuplicates`, of encoded fingerprints, in a thread of its own beside what else the process does.
 * @param fingerprints where they stand; open until the search has ended
 * @throws GillnetError DAMAGED for a fingerprint that is another version's or not whole, and the signal's reason
 */
export async function nearDuplicatesInThread(
  photos: { id: string; fingerprint: Spooled }[],
  fingerprints: Spool,
  { memory, signal }: ThreadOptions,
): Promise<NearDuplicate[]> {
  const thread = new Piscina({
    filename: new URL('./worker.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
  });
  try {
    const search: Search = { photos, fingerprints: fingerprints.shared, memory };
    const found = await thread.run(search, signal && { signal });
    if ('refused' in found) throw new GillnetError('DAMAGED', found.refused);
    return found;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await thread.destroy();
  }
}
