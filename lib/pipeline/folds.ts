import { groupBy } from '../group-by.js';
import { random } from '../random.js';
import type { GuardedPhoto } from './guard.js';

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
