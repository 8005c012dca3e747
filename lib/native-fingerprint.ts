import { createRequire } from 'node:module';
import { addonFile } from './addon-files.js';
import { GillnetError, messageOf } from './errors.js';

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
  if (addon) return addon;
  const path = addonFile('../../build/Release/gillnet_fingerprint.node');
  try {
    addon = createRequire(import.meta.url)(path) as NativeFingerprint;
    return addon;
  } catch (cause) {
    throw new GillnetError(
      'ADDON',
      `The addon of fingerprints can't be loaded from ${path}: ${messageOf(cause)}. Build it with \`npm run setup\`.`,
      { cause },
    );
  }
}
