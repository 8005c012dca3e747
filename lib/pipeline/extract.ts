import type { Catalog, CatalogPhoto, Split } from '../catalog/catalog.js';
import { mapConcurrent } from '../concurrency.js';
import { countBy } from '../count-by.js';
import { GillnetError, messageOf } from '../errors.js';
import { inspect } from '../photos/decode.js';
import { sha256Of } from '../sha256.js';
import { isContentTag } from '../store/checksum.js';
import type { Store, StoredObject } from '../store/store.js';
import { event, type GillnetEvent } from './events.js';
import { type Placed, placedIn } from './place.js';

export interface ExtractOptions {
  store: Store;
  catalog: Catalog;
  /** The split of photos that stand as `<label>/<photo>`, in none of the folders of splits. */
  unsplit?: Split;
  signal?: AbortSignal | undefined;
}

/** Photos read and decoded at once: a bucket answers late, and each of them holds memory. */
const inFlight = 16;
const progressEvery = 50;

/**
 * Store → catalog: reads every `train|val|test/<label>/<file>`, hashes and decodes it, and replaces
 * the catalog's rows in one transaction. A photo whose key and etag the catalog knows is not read again.
 * @throws GillnetError NOT_FOUND without any photo, INTERRUPTED (the catalog is then as before)
 */
export async function* extract(options: ExtractOptions): AsyncGenerator<GillnetEvent, void> {
  const { store, catalog, unsplit, signal } = options;
  const began = performance.now();
  yield event('stage', { stage: 'extract', detail: `${store.location} → ${catalog.location}` });

  const { placed, ignored } = await placedIn(store, unsplit);
  const known = new Map((await knownPhotos(catalog)).map((photo) => [photo.key, photo]));
  const insertedAt = new Date().toISOString();
  const photos: CatalogPhoto[] = [];
  let broken = 0;
  let done = 0;

  const facts = mapConcurrent(placed, inFlight, async (place) => {
    signal?.throwIfAborted();
    const before = known.get(place.object.key);
    if (before && isUnchanged(before, place.object, store)) {
      return { place, photo: { ...before, url: store.urlOf(before.key), insertedAt } };
    }
    try {
      return { place, photo: await factsOf(store, place, insertedAt) };
    } catch (error) {
      // Broken, or gone or changed since it was listed: the others are none the worse.
      if (error instanceof GillnetError && error.exitCode === 2) {
        return { place, reason: messageOf(error) };
      }
      throw error;
    }
  });
  for await (const { place, photo, reason } of facts) {
    if (photo) photos.push(photo);
    else {
      broken += 1;
      yield event('skipped', { photo: place.object.key, reason });
    }
    done += 1;
    if (done % progressEvery === 0) {
      yield event('progress', { stage: 'extract', done, total: placed.length });
    }
  }
  await catalog.replaceAll(photos);

  yield event('extracted', {
    photos: photos.length,
    labels: counted(photos.map((photo) => photo.label)),
    splits: { train: 0, val: 0, test: 0, ...counted(photos.map((photo) => photo.split)) },
    skipped: broken + ignored,
    ignored,
    seconds: (performance.now() - began) / 1000,
  });
}

/** The same tag in another place says the same only where it follows from the content. */
function isUnchanged(before: CatalogPhoto, { key, etag, bytes }: StoredObject, store: Store) {
  const same = before.etag === etag && before.bytes === bytes;
  return same && (isContentTag(etag) || before.url === store.urlOf(key));
}

async function factsOf(store: Store, place: Placed, insertedAt: string): Promise<CatalogPhoto> {
  const { object, split, label, fileName } = place;
  const bytes = await store.get(object);
  const { width, height, format } = await inspect(bytes);
  return {
    label,
    fileName,
    url: store.urlOf(object.key),
    split,
    insertedAt,
    key: object.key,
    etag: object.etag,
    sha256: sha256Of(bytes),
    bytes: bytes.length,
    width,
    height,
    format,
  };
}

/** Rows of the original service, or of a catalog about to be replaced, can't spare any reading. */
async function knownPhotos(catalog: Catalog): Promise<CatalogPhoto[]> {
  try {
    return await catalog.photos();
  } catch (error) {
    if (error instanceof GillnetError && error.code === 'CATALOG') return [];
    throw error;
  }
}

function counted(names: string[]): Record<string, number> {
  return Object.fromEntries([...countBy(names)].sort(([a], [b]) => (a < b ? -1 : 1)));
}
