import type { CatalogPhoto, Split } from '../catalog/catalog.js';
import type { Policy } from './events.js';

/** Photos of equal content. `kind` grows with what the guard can tell apart. */
export interface DuplicateGroup {
  kind: 'same bytes';
  sha256: string;
  /** Keys, the one that stays first. */
  photos: string[];
  splits: Split[];
  labels: string[];
  /** Stands on both sides of a split. */
  leak: boolean;
  /** The same content under several labels: the truth is unknown, so none of it may train or judge. */
  conflict: boolean;
}

/** What may train and what may judge, and why the rest may not. */
export interface GuardResult {
  policy: Policy;
  kept: CatalogPhoto[];
  groups: DuplicateGroup[];
  leaks: number;
  quarantined: number;
  folded: number;
}

/** A copy stays in the split that judges, so that the numbers are about unseen photos. */
const judgesFirst: Split[] = ['test', 'val', 'train'];

/**
 * Looks for photos that stand in several splits, by SHA-256 of their bytes. `quarantine` and `fail`
 * keep one photo of each group, in the split that judges; `allow` keeps all.
 * @param photos of the splits that take part in the run, and of no other
 */
export function guard(photos: CatalogPhoto[], policy: Policy): GuardResult {
  const result: GuardResult = { policy, kept: [], groups: [], leaks: 0, quarantined: 0, folded: 0 };

  const byContent = new Map<string, CatalogPhoto[]>();
  for (const photo of photos) {
    const copies = byContent.get(photo.sha256);
    if (copies) copies.push(photo);
    else byContent.set(photo.sha256, [photo]);
  }

  const dropped = new Set<CatalogPhoto>();
  for (const [sha256, copies] of byContent) {
    if (copies.length === 1) continue;
    copies.sort((a, b) => judgesFirst.indexOf(a.split) - judgesFirst.indexOf(b.split));
    const [stays, ...others] = copies as [CatalogPhoto, ...CatalogPhoto[]];
    const group: DuplicateGroup = {
      kind: 'same bytes',
      sha256,
      photos: copies.map((photo) => photo.key),
      splits: [...new Set(copies.map((photo) => photo.split))],
      labels: [...new Set(copies.map((photo) => photo.label))],
      leak: others.some((photo) => photo.split !== stays.split),
      conflict: others.some((photo) => photo.label !== stays.label),
    };
    result.groups.push(group);
    if (group.leak) result.leaks += 1;
    if (policy === 'allow') continue;

    for (const photo of group.conflict ? copies : others) {
      dropped.add(photo);
      if (group.conflict || photo.split !== stays.split) result.quarantined += 1;
      else result.folded += 1;
    }
  }
  result.kept = photos.filter((photo) => !dropped.has(photo));
  return result;
}
