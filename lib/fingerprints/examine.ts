import { loadNativeFingerprint } from '../native-fingerprint.js';
import { type Look, look } from './decode.js';
import { decode, sealed } from './encoding.js';
import type { Fingerprint } from './fingerprint.js';
import type { GreyRaster } from './grey.js';

/** What a photo's bytes tell of it. */
export interface Examined extends Omit<Look, 'raster'> {
  /** As `encodeFingerprint` writes it. */
  fingerprint: Uint8Array;
}

/**
 * Decodes a photo once, and finds out all that a catalog keeps of its content, on libuv's threads.
 * @throws GillnetError NOT_A_PHOTO
 */
export async function examine(bytes: Uint8Array): Promise<Examined> {
  const { raster, ...facts } = await look(bytes);
  return { ...facts, fingerprint: await encodedFingerprintOf(raster) };
}

/** The fingerprint of a photo's bytes. @throws GillnetError NOT_A_PHOTO */
export async function fingerprintOf(bytes: Uint8Array): Promise<Fingerprint> {
  return decode((await examine(bytes)).fingerprint);
}

/** The encoded fingerprint of a photo that was decoded with `decodedEdge` pixels at the longer edge. */
export async function encodedFingerprintOf(raster: GreyRaster): Promise<Uint8Array> {
  const { pixels, width, height } = raster;
  return sealed(await loadNativeFingerprint().fingerprint(pixels, width, height));
}
