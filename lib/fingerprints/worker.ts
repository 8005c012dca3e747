import { codeOf, messageOf } from '../errors.js';
import { decode } from './encoding.js';
import { type NearDuplicate, nearDuplicates } from './near-duplicates.js';

/**
 * What runs in a thread of its own: arithmetic that would hold up all else in the process.
 * @returns the error that a fingerprint is refused with, which a thread's own errors would lose the code of
 */
export default function compare(
  photos: { id: string; fingerprint: Uint8Array }[],
): NearDuplicate[] | { refused: string } {
  try {
    return nearDuplicates(photos.map(decodedWhenAsked));
  } catch (error) {
    if (codeOf(error) !== 'DAMAGED') throw error;
    return { refused: messageOf(error) };
  }
}

/** Decoded ones are larger, so that none is kept. */
function decodedWhenAsked({ id, fingerprint }: { id: string; fingerprint: Uint8Array }) {
  return {
    id,
    get fingerprint() {
      return decode(fingerprint);
    },
  };
}
