import { type Split, splits } from '../catalog/catalog.js';
import { GillnetError } from '../errors.js';
import { formatsInWords, isPhotoName } from '../photos/formats.js';
import type { Store, StoredObject } from '../store/store.js';

/** A photo in a store, and what its key says of it. */
export interface Placed {
  object: StoredObject;
  split: Split;
  label: string;
  fileName: string;
}

/**
 * All photos of a store that stand where photos belong, and how many other objects there are.
 * @param unsplit the split of photos that stand as `<label>/<file>`, in none of the folders of splits
 * @throws GillnetError NOT_FOUND without any photo, and the store's
 */
export async function placedIn(
  store: Store,
  unsplit?: Split,
): Promise<{ placed: Placed[]; ignored: number }> {
  const placed: Placed[] = [];
  let ignored = 0;
  for await (const object of store.list()) {
    const photo = photoAt(object, unsplit);
    if (photo) placed.push(photo);
    else ignored += 1;
  }
  if (placed.length > 0) return { placed, ignored };
  throw new GillnetError(
    'NOT_FOUND',
    `No photo found in ${store.location}. Expected train/<label>/<photo> and test/<label>/<photo> ` +
      `(${formatsInWords})${ignored > 0 ? `, found ${ignored} other files` : ''}.`,
  );
}

/** By `train|val|test/<label>/<file>`, the split in letters of any case; null for what is no photo, or stands elsewhere. */
function photoAt(object: StoredObject, unsplit?: Split): Placed | null {
  const parts = object.key.split('/');
  if (unsplit && parts.length > 1 && !isSplit(parts[0]?.toLowerCase())) parts.unshift(unsplit);
  const [folder, label, ...rest] = parts;
  const split = folder?.toLowerCase();
  if (!isSplit(split) || !label || rest.length === 0 || !isPhotoName(object.key)) return null;
  return { object, split, label, fileName: rest.join('/') };
}

function isSplit(name: string | undefined): name is Split {
  return (splits as readonly (string | undefined)[]).includes(name);
}
