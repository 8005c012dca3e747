import { codeOf, messageOf } from '../errors.js';
import { encode } from './encoding.js';
import { fingerprintOfRaster } from './fingerprint.js';
import type { GreyRaster } from './grey.js';
import { type NearDuplicate, nearDuplicates } from './near-duplicates.js';
import { type Packed, unpacked } from './packed.js';

/** What runs in threads of its own: arithmetic that would hold up all else in the process. */

export function fingerprint(raster: GreyRaster): Uint8Array {
  return encode(fingerprintOfRaster(raster));
}

/** @returns the error that a fingerprint is refused with, which a thread's own errors would lose the code of */
export function compare(photos: Packed): NearDuplicate[] | { refused: string } {
  try {
    return nearDuplicates(unpacked(photos));
  } catch (error) {
    if (codeOf(error) !== 'DAMAGED') throw error;
    return { refused: messageOf(error) };
  }
}
