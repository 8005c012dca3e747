import type { CatalogPhoto } from '../catalog/catalog.js';
import type { Evidence, NearDuplicate } from '../fingerprints/near-duplicates.js';
import { type TieKind, tieKinds } from './events.js';

/** Two photos that show the same. */
export interface Tie {
  kind: TieKind;
  photos: [CatalogPhoto, CatalogPhoto];
  /** Of what is neither the same bytes nor the same pixels. */
  evidence?: Evidence;
}

/** Photos that show the same, as their ties tell, directly or through one another. */
export interface Group {
  /** The loosest tie without which the group would fall apart. */
  kind: TieKind;
  /** In the order in which they were given. */
  photos: CatalogPhoto[];
  ties: Tie[];
}

/**
 * What ties photos to one another, the strictest first; of equal photos one stands for the others.
 * @param near ids are the pixel hashes of the photos
 */
export function tiesOf(photos: CatalogPhoto[], near: NearDuplicate[]): Tie[] {
  const ties: Tie[] = [];
  const byBytes = new Map<string, CatalogPhoto>();
  const byPixels = new Map<string, CatalogPhoto>();
  const tied = (
    kind: TieKind,
    same: Map<string, CatalogPhoto>,
    key: string,
    each: CatalogPhoto,
  ) => {
    const first = same.get(key);
    if (first) ties.push({ kind, photos: [first, each] });
    else same.set(key, each);
  };
  for (const each of photos) tied('same bytes', byBytes, each.sha256, each);
  for (const each of byBytes.values()) tied('same pixels', byPixels, each.pixelHash, each);
  for (const { a, b, kind, evidence } of near) {
    const [one, other] = [byPixels.get(a), byPixels.get(b)];
    if (one && other) ties.push({ kind, photos: [one, other], evidence });
  }
  return ties.sort((a, b) => tieKinds.indexOf(a.kind) - tieKinds.indexOf(b.kind));
}

/** The sets of two or more photos that hang together. @param ties the strictest first */
export function groupsOf(photos: CatalogPhoto[], ties: Tie[]): Group[] {
  const parents = new Map<CatalogPhoto, CatalogPhoto>();
  const rootOf = (photo: CatalogPhoto): CatalogPhoto => {
    const parent = parents.get(photo);
    if (!parent) return photo;
    const root = rootOf(parent);
    parents.set(photo, root);
    return root;
  };
  const kinds = new Map<CatalogPhoto, TieKind>();
  for (const { kind, photos } of ties) {
    const [one, other] = [rootOf(photos[0]), rootOf(photos[1])];
    if (one === other) continue;
    parents.set(other, one);
    kinds.set(one, kind);
  }

  const groups = new Map<CatalogPhoto, Group>();
  for (const photo of photos) {
    const root = rootOf(photo);
    const kind = kinds.get(root);
    if (kind === undefined) continue;
    const group = groups.get(root) ?? { kind, photos: [], ties: [] };
    group.photos.push(photo);
    groups.set(root, group);
  }
  for (const tie of ties) groups.get(rootOf(tie.photos[0]))?.ties.push(tie);
  return [...groups.values()];
}
