import { encode } from './encoding.js';
import { type Fingerprint, fingerprintOfGrey } from './fingerprint.js';
import type { Grey } from './grey.js';
import { type NearDuplicate, nearDuplicates } from './near-duplicates.js';

/** What runs in threads of its own: arithmetic that would hold up all else in the process. */

export function fingerprint(grey: Grey): Uint8Array {
  return encode(fingerprintOfGrey(grey));
}

export function compare(photos: { id: string; fingerprint: Fingerprint }[]): NearDuplicate[] {
  return nearDuplicates(photos);
}
