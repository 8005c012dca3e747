import { decode } from './encoding.js';
import type { Fingerprint } from './fingerprint.js';

/** Encoded fingerprints in memory that threads share: decoded ones are larger, and would be copied for each thread. */
export interface Packed {
  ids: string[];
  /** One behind the other. */
  bytes: SharedArrayBuffer;
  /** Where each of them ends. */
  ends: number[];
}

export function packed(photos: { id: string; fingerprint: Uint8Array }[]): Packed {
  let end = 0;
  const ends = photos.map(({ fingerprint }) => {
    end += fingerprint.length;
    return end;
  });
  const bytes = new SharedArrayBuffer(end);
  const all = new Uint8Array(bytes);
  for (const [index, { fingerprint }] of photos.entries())
    all.set(fingerprint, (ends[index] as number) - fingerprint.length);
  return { ids: photos.map(({ id }) => id), bytes, ends };
}

/** Each is decoded whenever it is asked for, and then throws as `decode` does. */
export function unpacked({
  ids,
  bytes,
  ends,
}: Packed): { id: string; readonly fingerprint: Fingerprint }[] {
  return ids.map((id, index) => {
    const start = ends[index - 1] ?? 0;
    const length = (ends[index] as number) - start;
    return {
      id,
      get fingerprint() {
        return decode(new Uint8Array(bytes, start, length));
      },
    };
  });
}
