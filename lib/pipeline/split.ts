import { GillnetError } from '../errors.js';
import { groupBy } from '../group-by.js';
import { random } from '../random.js';
import type { GuardedPhoto } from './guard.js';

/**
 * Parts photos into training and validation: seeded, stratified by label, the photos of a group always on the
 * same side. A group of several labels counts for the first of them.
 * @param fraction share of each label that validates, 0…1 exclusive; at least one photo
 * @throws GillnetError NOT_ENOUGH_PHOTOS when a label can't have a photo on both sides
 */
export function splitValidation(
  photos: GuardedPhoto[],
  fraction: number,
  seed: number,
): { train: GuardedPhoto[]; val: GuardedPhoto[] } {
  const validates = new Set<GuardedPhoto>();
  const groups = [...groupBy(photos, (photo) => photo.group).values()];
  for (const [label, ofLabel] of groupBy(groups, ([first]) => first.label)) {
    const wanted = Math.max(1, Math.round(ofLabel.flat().length * fraction));
    let taken = 0;
    // The first of the shuffled groups always trains.
    for (const group of random(seed, 'split', label).shuffle(ofLabel).slice(1)) {
      if (taken >= wanted) break;
      for (const photo of group) validates.add(photo);
      taken += group.length;
    }
  }
  const train = photos.filter((photo) => !validates.has(photo));
  const val = photos.filter((photo) => validates.has(photo));
  for (const label of new Set(photos.map((photo) => photo.label))) {
    const stands = (side: GuardedPhoto[]) => side.some((photo) => photo.label === label);
    if (stands(train) && stands(val)) continue;
    throw new GillnetError(
      'NOT_ENOUGH_PHOTOS',
      `Label ${label} has too few photos that show different things to stand in both training and validation. ` +
        'Add photos of it, or remove the label.',
    );
  }
  return { train, val };
}

/**
 * Parts photos into folds of like size: seeded, stratified by label, photos of one group always in one fold, as
 * they would vouch for each other. A label of fewer groups than there are folds takes no part; any other stands in
 * every fold.
 * @returns of each photo that takes part the number of its fold, 0…count-1
 */
export function foldsOf(
  photos: GuardedPhoto[],
  count: number,
  seed: number,
): Map<GuardedPhoto, number> {
  const byLabel = groupBy(groupBy(photos, ({ group }) => group).values(), ([first]) => first.label);
  const takesPart = (label: string) => (byLabel.get(label)?.length ?? 0) >= count;
  const folds = new Map<GuardedPhoto, number>();
  const sizes = new Array<number>(count).fill(0);
  for (const [label, groups] of byLabel) {
    const ofLabel = new Array<number>(count).fill(0);
    const size = (fold: number) => [ofLabel[fold] as number, sizes[fold] as number] as const;
    const shuffled = random(seed, 'folds', label).shuffle(groups);
    // What is left for last is small, and evens out.
    for (const group of shuffled.sort((a, b) => b.length - a.length)) {
      const fold = [...sizes.keys()].reduce((least, other) => {
        const [a, b] = [size(least), size(other)];
        return b[0] < a[0] || (b[0] === a[0] && b[1] < a[1]) ? other : least;
      });
      const placed = group.filter((photo) => takesPart(photo.label));
      for (const photo of placed) folds.set(photo, fold);
      ofLabel[fold] = (ofLabel[fold] as number) + placed.length;
      sizes[fold] = (sizes[fold] as number) + placed.length;
    }
  }
  return folds;
}
