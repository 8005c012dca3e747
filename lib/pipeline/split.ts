import type { CatalogPhoto } from '../catalog/catalog.js';
import { GillnetError } from '../errors.js';
import { groupBy } from '../group-by.js';
import { random } from '../random.js';

/**
 * Parts photos into training and validation: seeded, stratified by label, copies of one photo
 * always on the same side.
 * @param fraction share of each label that validates, 0…1 exclusive; at least one photo
 * @throws GillnetError NOT_ENOUGH_PHOTOS when a label can't have a photo on both sides
 */
export function splitValidation(
  photos: CatalogPhoto[],
  fraction: number,
  seed: number,
): { train: CatalogPhoto[]; val: CatalogPhoto[] } {
  const validates = new Set<CatalogPhoto>();
  const groups = [...groupBy(photos, (photo) => photo.sha256).values()];
  for (const [label, ofLabel] of groupBy(groups, ([first]) => first.label)) {
    if (ofLabel.length < 2) {
      throw new GillnetError(
        'NOT_ENOUGH_PHOTOS',
        `Label ${label} has ${ofLabel.length} distinct photo to train on; training and validation ` +
          'need at least one each. Add photos of it, or remove the label.',
      );
    }
    const wanted = Math.max(1, Math.round(ofLabel.flat().length * fraction));
    let taken = 0;
    // The first of the shuffled groups always trains.
    for (const copies of random(seed, 'split', label).shuffle(ofLabel).slice(1)) {
      if (taken >= wanted) break;
      for (const photo of copies) validates.add(photo);
      taken += copies.length;
    }
  }
  return {
    train: photos.filter((photo) => !validates.has(photo)),
    val: photos.filter((photo) => validates.has(photo)),
  };
}
