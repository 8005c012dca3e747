import { createHash } from 'node:crypto';
import { type Split, splits } from '../catalog/catalog.js';
import { GillnetError } from '../errors.js';

/** The photos that a training used, by their hashes: what a model or a run says of where it comes from. */

export interface ManifestPhoto {
  /** What it was used for. */
  role: 'train' | 'val';
  /** Where it stands in the data. */
  split: Split;
  label: string;
  key: string;
  /** Of the file's bytes, lower-case hex. */
  sha256: string;
  /** Of the decoded pixels, lower-case hex. */
  pixelHash: string;
}

/** One line a photo, in the order in which they were given. */
export function encodeManifest(photos: ManifestPhoto[]): Buffer {
  const lines = photos.map(({ role, split, label, key, sha256, pixelHash }) =>
    JSON.stringify({ role, split, label, key, sha256, pixelHash }),
  );
  return Buffer.from(`[\n${lines.join(',\n')}\n]\n`);
}

/** @throws GillnetError BAD_MODEL_FILE */
export function decodeManifest(bytes: Uint8Array): ManifestPhoto[] {
  let photos: unknown;
  try {
    photos = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    photos = null;
  }
  if (!Array.isArray(photos) || !photos.every(isManifestPhoto)) {
    throw new GillnetError('BAD_MODEL_FILE', 'Its list of photos is damaged.');
  }
  return photos;
}

function isManifestPhoto(value: unknown): value is ManifestPhoto {
  const { role, split, label, key, sha256, pixelHash } = Object(value);
  const isHash = (hash: unknown) => typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash);
  const placed = (role === 'train' || role === 'val') && splits.includes(split);
  const named = typeof label === 'string' && typeof key === 'string';
  return placed && named && isHash(sha256) && isHash(pixelHash);
}

/** SHA-256 over split, label, key and content of the photos, in the order in which they are given. */
export function dataFingerprintOf(photos: Omit<ManifestPhoto, 'role' | 'pixelHash'>[]): string {
  const hash = createHash('sha256');
  for (const { split, label, key, sha256 } of photos) {
    hash.update(`${JSON.stringify([split, label, key])} ${sha256}\n`);
  }
  return hash.digest('hex');
}
