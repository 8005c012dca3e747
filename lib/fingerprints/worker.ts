import { codeOf, messageOf } from '../errors.js';
import { type NearDuplicate, nearDuplicates } from './near-duplicates.js';
import { type Packed, unpacked } from './packed.js';

/**
 * What runs in a thread of its own: arithmetic that would hold up all else in the process.
 * @returns the error that a fingerprint is refused with, which a thread's own errors would lose the code of
 */
export default function compare(photos: Packed): NearDuplicate[] | { refused: string } {
  try {
    return nearDuplicates(unpacked(photos));
  } catch (error) {
    if (codeOf(error) !== 'DAMAGED') throw error;
    return { refused: messageOf(error) };
  }
}
