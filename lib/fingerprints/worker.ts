import { codeOf, messageOf } from '../errors.js';
import { type SharedSpool, Spool, type Spooled } from '../spool.js';
import { decode } from './encoding.js';
import { type NearDuplicate, nearDuplicates } from './near-duplicates.js';

/** What the thread is given. */
export interface Search {
  photos: { id: string; fingerprint: Spooled }[];
  fingerprints: SharedSpool;
  memory: number;
}

/**
 * What runs in a thread of its own: arithmetic that would hold up all else in the process.
 * @returns the error that a fingerprint is refused with, which a thread's own errors would lose the code of
 */
export default function compare(search: Search): NearDuplicate[] | { refused: string } {
  const fingerprints = Spool.of(search.fingerprints);
  const bytes = new Uint8Array(
    search.photos.reduce((most, { fingerprint }) => Math.max(most, fingerprint.length), 0),
  );
  // Decoded ones are larger, so that none is kept.
  const photos = search.photos.map(({ id, fingerprint }) => ({
    id,
    get fingerprint() {
      return decode(fingerprints.read(fingerprint, bytes.subarray(0, fingerprint.length)));
    },
  }));
  try {
    return nearDuplicates(photos, search.memory);
  } catch (error) {
    if (codeOf(error) !== 'DAMAGED') throw error;
    return { refused: messageOf(error) };
  }
}
