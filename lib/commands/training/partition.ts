import type { Settings } from '../../config.js';
import { GillnetError } from '../../errors.js';
import type { GuardedPhoto } from '../../pipeline/guard.js';
import { splitValidation } from '../../pipeline/split.js';

/** Which photos train and which validate. */
export interface Partition {
  train: GuardedPhoto[];
  val: GuardedPhoto[];
  /** The labels that train, sorted: the order of the network's outputs. */
  classes: string[];
}

/**
 * @param photos what the guard has left
 * @throws GillnetError NOT_ENOUGH_PHOTOS
 */
export function partition(
  photos: GuardedPhoto[],
  settings: Pick<Settings, 'validation' | 'valFraction'>,
  seed: number,
): Partition {
  const train = photos.filter((photo) => photo.split === 'train');
  const parts =
    settings.validation === 'split'
      ? splitValidation(train, settings.valFraction, seed)
      : { train, val: photos.filter((photo) => photo.split === 'val') };
  if (parts.val.length === 0) {
    throw new GillnetError(
      'NOT_ENOUGH_PHOTOS',
      'There is no photo in val to validate on. Leave out `--validation catalog` to validate on a part of train.',
    );
  }
  const classes = classesOf(parts.train);
  const untaught = parts.val.find(({ label }) => !classes.includes(label));
  if (untaught) {
    throw new GillnetError(
      'NOT_ENOUGH_PHOTOS',
      `${untaught.key} is to validate, and no photo of ${untaught.label} trains. Add some to train, or leave out ` +
        '`--validation catalog` to validate on a part of train.',
    );
  }
  return { ...parts, classes };
}

function classesOf(photos: GuardedPhoto[]): string[] {
  const classes = [...new Set(photos.map((photo) => photo.label))].sort();
  if (classes.length < 2) {
    throw new GillnetError(
      'NOT_ENOUGH_PHOTOS',
      `Found ${photos.length} photos to train on, of ${classes.length} labels (${classes.join(', ')}); a ` +
        'classifier needs two labels at least. Expected train/<label>/<photo> in the data.',
    );
  }
  return classes;
}
