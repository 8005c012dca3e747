import type { CatalogPhoto } from '../catalog/catalog.js';
import type { NearDuplicate } from '../fingerprints/near-duplicates.js';
import type { ManifestPhoto } from '../model/manifest.js';
import { groupsOf, tiesOf } from './groups.js';

type Hashes = Pick<ManifestPhoto, 'sha256' | 'pixelHash'>;

/** Whether a photo has the bytes or the pixels of one that a model lists. */
export function listedIn(manifest: Hashes[]): (photo: Hashes) => boolean {
  const hashes = new Set(manifest.flatMap(({ sha256, pixelHash }) => [sha256, pixelHash]));
  return ({ sha256, pixelHash }) => hashes.has(sha256) || hashes.has(pixelHash);
}

/**
 * The photos that show what a model was trained on: those that it lists, and other versions of them, as far as the
 * listed ones are among the photos.
 * @param near ids are the pixel hashes of the photos
 */
export function seenAmong<P extends CatalogPhoto>(
  photos: P[],
  manifest: Hashes[],
  near: NearDuplicate[],
): Set<CatalogPhoto> {
  const isListed = listedIn(manifest);
  const tied = groupsOf(photos, tiesOf(photos, near)).filter((group) =>
    group.photos.some(isListed),
  );
  return new Set<CatalogPhoto>([
    ...photos.filter(isListed),
    ...tied.flatMap((group) => group.photos),
  ]);
}
