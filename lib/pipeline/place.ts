import { type Split, splits } from '../catalog/catalog.js';
import { isPhotoName } from '../photos/names.js';

/** What a photo's key says of it. */
export interface Place {
  split: Split;
  label: string;
  fileName: string;
}

/**
 * Reads `train|val|test/<label>/<file>`, the split in letters of any case.
 * @param unsplit the split of photos that stand as `<label>/<file>`, in none of those folders
 * @returns null for what is no photo, or stands elsewhere
 */
export function placeOf(key: string, unsplit?: Split): Place | null {
  const parts = key.split('/');
  if (unsplit && parts.length > 1 && !isSplit(parts[0]?.toLowerCase())) parts.unshift(unsplit);
  const [folder, label, ...rest] = parts;
  const split = folder?.toLowerCase();
  if (!isSplit(split) || !label || rest.length === 0 || !isPhotoName(key)) return null;
  return { split, label, fileName: rest.join('/') };
}

function isSplit(name: string | undefined): name is Split {
  return (splits as readonly (string | undefined)[]).includes(name);
}
