import { loadOrExplain } from './addon-files.js';

/** The addon of fingerprints, which knows no LibTorch. */
export interface NativeFingerprint {
  /**
   * What a photo is known by, as `encoding.ts` reads it, without version and checksum, which are 0. Runs on libuv's
   * threads; the pixels are copied before it returns.
   * @param pixels uint8 [height, width], grey
   * @param width 1…4096, as `height`
   * @throws TypeError with the code INVALID_ARGUMENT
   */
  fingerprint(pixels: Uint8Array, width: number, height: number): Promise<Uint8Array>;
}

let addon: NativeFingerprint | undefined;

/** Loads it once. @throws GillnetError ADDON */
export function loadNativeFingerprint(): NativeFingerprint {
  const file = '../../build/Release/gillnet_fingerprint.node';
  addon ??= loadOrExplain<NativeFingerprint>('addon of fingerprints', file);
  return addon;
}
