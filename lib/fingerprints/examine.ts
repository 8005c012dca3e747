import { type Look, look } from './decode.js';
import { encode } from './encoding.js';
import { decodedEdge, fingerprintOfRaster } from './fingerprint.js';
import type { GreyRaster } from './grey.js';

/** What a photo's bytes tell of it. */
export interface Examined extends Omit<Look, 'raster'> {
  /** As `encodeFingerprint` writes it. */
  fingerprint: Uint8Array;
}

/**
 * Decodes a photo once, and finds out all that a catalog keeps of its content.
 * @param fingerprint of the decoded photo, encoded: in the caller's own way, such as on another thread
 * @throws GillnetError NOT_A_PHOTO
 */
export async function examine(
  bytes: Uint8Array,
  fingerprint: (raster: GreyRaster) => Promise<Uint8Array> = encoded,
): Promise<Examined> {
  const { raster, ...facts } = await look(bytes, decodedEdge);
  return { ...facts, fingerprint: await fingerprint(raster) };
}

async function encoded(raster: GreyRaster): Promise<Uint8Array> {
  return encode(fingerprintOfRaster(raster));
}
