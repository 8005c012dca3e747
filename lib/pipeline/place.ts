import { type Split, splits } from '../catalog/catalog.js';
import { GillnetError } from '../errors.js';
import { formatsInWords, isPhotoName } from '../photos/formats.js';
import type { Store, StoredObject } from '../store/store.js';

/** What a photo's key says of it. */
export interface Place {
  split: Split;
  label: string;
  fileName: string;
}

/** A photo in a store, and what its key says of it. */
export interface Placed extends Place {
  object: StoredObject;
}

/**
 * All photos of a store that stand where photos belong, and how many other objects there are.
 * @param unsplit as of `placeOf`
 * @throws GillnetError NOT_FOUND without any photo, and the store's
 */
export async function placedIn(
  store: Store,
  unsplit?: Split,
): Promise<{ placed: Placed[]; ignored: number }> {
  const placed: Placed[] = [];
  let ignored = 0;
  for await (const object of store.list()) {
    const place = placeOf(object.key, unsplit);
    if (place) placed.push({ object, ...place });
    else ignored += 1;
  }
  if (placed.length > 0) return { placed, ignored };
  throw new GillnetError(
    'NOT_FOUND',
    `No photo found in ${store.location}. Expected train/<label>/<photo> and test/<label>/<photo> ` +
      `(${formatsInWords})${ignored > 0 ? `, found ${ignored} other files` : ''}.`,
  );
}

/**
 * Reads `train|val|test/<label>/<file>`, the split in letters of any case.
 * @param unsplit the split of photos that stand as `<label>/<file>`, in none of those folders
 * @returns null for what is no photo, or stands elsewhere
 */
function placeOf(key: string, unsplit?: Split): Place | null {
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
