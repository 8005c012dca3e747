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
