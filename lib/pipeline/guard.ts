import type { CatalogPhoto, Split } from '../catalog/catalog.js';
import type { NearDuplicate } from '../fingerprints/near-duplicates.js';
import type { Policy } from '../model/selection.js';
import { type TieKind, tieKinds } from './events.js';
import { type Group, groupsOf, type Tie, tiesOf } from './groups.js';

/** A photo that takes part, and what the guard knows of it. */
export interface GuardedPhoto extends CatalogPhoto {
  /** Equal for photos that show the same, which may not be parted; the key of one of them. */
  group: string;
  /** Another photo of its group stands in a split below its own: only the policy `allow` lets it judge. */
  seen: boolean;
}

/** Its photos are in the order of the splits that judge first, otherwise in that in which they were given. */
export interface DuplicateGroup extends Group {
  splits: Split[];
  labels: string[];
  /** Stands on both sides of a split. */
  leak: boolean;
  /** Those that are one photo under several labels: the truth is unknown, so none of them may train or judge. */
  conflicting: CatalogPhoto[];
}

/** What may train and what may judge, and why the rest may not. */
export interface GuardResult {
  policy: Policy;
  kept: GuardedPhoto[];
  groups: DuplicateGroup[];
  kinds: Record<TieKind, number>;
  leaks: number;
  seen: Record<'val' | 'test', { photos: number; of: number }>;
  quarantined: number;
  folded: number;
}

/** A copy stays in the split that judges, so that the numbers are about unseen photos. */
const judgesFirst: Split[] = ['test', 'val', 'train'];
const rank = ({ split }: CatalogPhoto) => judgesFirst.indexOf(split);

/**
 * Looks for photos that show the same, in several splits or under several labels. Under `quarantine` and `fail` a
 * group stays in the split that judges, and of equal pixels one photo does; one photo under two labels goes.
 * `allow` keeps all.
 * @param photos of the splits that take part in the run, and of no other
 * @param near what `nearDuplicates` finds among them, by their pixel hashes
 */
export function guard(
  photos: CatalogPhoto[],
  policy: Policy,
  near: NearDuplicate[] = [],
): GuardResult {
  const ties = tiesOf(photos, near);
  const conflicting = conflictsOf(photos, ties);
  const groups = groupsOf(photos, ties).map((group) => examined(group, conflicting));
  const groupOf = new Map(groups.flatMap((group) => group.photos.map((photo) => [photo, group])));
  const wasSeen = (photo: CatalogPhoto) => {
    const last = groupOf.get(photo)?.photos.at(-1);
    return last !== undefined && rank(last) > rank(photo);
  };
  const seenIn = (split: Split) => {
    const judging = photos.filter((photo) => photo.split === split);
    return { photos: judging.filter(wasSeen).length, of: judging.length };
  };

  const removed = groups.map((group) => removedOf(group, policy));
  const quarantined = new Set(removed.flatMap((each) => each.quarantined));
  const folded = new Set(removed.flatMap((each) => each.folded));
  return {
    policy,
    kept: photos
      .filter((photo) => !quarantined.has(photo) && !folded.has(photo))
      .map((photo) => ({
        ...photo,
        group: groupOf.get(photo)?.photos[0]?.key ?? photo.key,
        seen: policy === 'allow' && wasSeen(photo),
      })),
    groups,
    kinds: Object.fromEntries(
      tieKinds.map((kind) => [kind, groups.filter((group) => group.kind === kind).length]),
    ) as Record<TieKind, number>,
    leaks: groups.filter((group) => group.leak).length,
    seen: { val: seenIn('val'), test: seenIn('test') },
    quarantined: quarantined.size,
    folded: folded.size,
  };
}

/** One scene may well hold several things; one photo is of one. */
function conflictsOf(photos: CatalogPhoto[], ties: Tie[]): Set<CatalogPhoto> {
  const versions = groupsOf(
    photos,
    ties.filter(({ kind }) => kind !== 'same scene'),
  );
  const disputed = versions.filter(({ photos }) => labelsOf(photos).length > 1);
  return new Set(disputed.flatMap(({ photos }) => photos));
}

function examined({ kind, photos, ties }: Group, conflicting: Set<CatalogPhoto>): DuplicateGroup {
  const sorted = [...photos].sort((a, b) => rank(a) - rank(b));
  const splits = [...new Set(sorted.map((photo) => photo.split))];
  return {
    ...{ kind, photos: sorted, ties, splits },
    labels: labelsOf(sorted),
    leak: splits.length > 1,
    conflicting: sorted.filter((photo) => conflicting.has(photo)),
  };
}

function labelsOf(photos: CatalogPhoto[]): string[] {
  return [...new Set(photos.map((photo) => photo.label))];
}

/** Photos of a group that may take no part: kept out of their split, or copies of one that stays. */
function removedOf({ photos, conflicting }: DuplicateGroup, policy: Policy) {
  if (policy === 'allow') return { quarantined: [], folded: [] };
  const disputed = new Set(conflicting);
  const undisputed = photos.filter((photo) => !disputed.has(photo));
  const split = undisputed[0]?.split;
  const judging = undisputed.filter((photo) => photo.split === split);
  const stays = new Map(judging.toReversed().map((photo) => [photo.pixelHash, photo]));
  return {
    quarantined: [...conflicting, ...undisputed.filter((photo) => photo.split !== split)],
    folded: judging.filter((photo) => stays.get(photo.pixelHash) !== photo),
  };
}
