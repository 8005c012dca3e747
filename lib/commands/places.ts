import { fileURLToPath } from 'node:url';
import {
  type Catalog,
  type CatalogPhoto,
  type Split,
  type SpooledPhotos,
  splits,
} from '../catalog/catalog.js';
import { openCatalog } from '../catalog/open.js';
import type { Settings } from '../config.js';
import { GillnetError } from '../errors.js';
import { PixelCache } from '../photos/cache.js';
import { PhotoReader } from '../photos/reader.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import { extract } from '../pipeline/extract.js';
import type { Caller } from '../server.js';
import { isRemote } from '../store/open.js';
import type { Store } from '../store/store.js';
import { storeAt } from './store-at.js';

/** Who may stop the work, and hears of what stops nothing. */
type Stoppable = Caller & { signal: AbortSignal };

/** Photos of a catalog, and the store that holds their bytes. */
export type Data<P> = P & { store: Store };

/** Runs `work` with the catalog open. */
export async function* withCatalog<R>(
  location: string,
  caller: Caller,
  work: (catalog: Catalog) => AsyncGenerator<GillnetEvent, R>,
): AsyncGenerator<GillnetEvent, R> {
  const catalog = await openCatalog(location, caller);
  try {
    return yield* work(catalog);
  } finally {
    await catalog.close();
  }
}

/**
 * The catalog's photos, after extracting `--data` when it is given.
 * @param split of one split alone
 * @throws GillnetError NOT_FOUND when it holds none
 */
export function gather(
  settings: Settings,
  caller: Stoppable,
  split?: Split,
): AsyncGenerator<GillnetEvent, Data<{ photos: CatalogPhoto[] }>> {
  const read = async (catalog: Catalog) => ({
    photos: await catalog.photos(split ? { split } : {}),
  });
  return gathering(settings, caller, read, split);
}

/**
 * All of the catalog's photos with their fingerprints, for the guard, of which half of `--memory` may be there.
 * @throws as `gather` does
 */
export function gatherFingerprinted(
  settings: Settings,
  caller: Stoppable,
): AsyncGenerator<GillnetEvent, Data<SpooledPhotos>> {
  return gathering(settings, caller, (catalog) => catalog.fingerprinted(settings.memory / 2));
}

async function* gathering<P extends { photos: CatalogPhoto[] }>(
  settings: Settings,
  caller: Stoppable,
  read: (catalog: Catalog) => Promise<P>,
  split?: Split,
): AsyncGenerator<GillnetEvent, Data<P>> {
  const { data } = settings;
  return yield* withCatalog(settings.catalog, caller, async function* (catalog) {
    const lacking = data === undefined ? await catalog.unextracted() : null;
    if (lacking !== null) {
      yield event('warning', {
        code: 'FOREIGN_ROWS',
        message:
          `Another program, or an older gillnet, has filled the catalog ${catalog.location}; ` +
          'extracting the photos that it names.',
      });
    }
    const source = data ?? (lacking === null ? null : rootOfForeign(lacking));
    const store = source === null ? null : await storeAt(source, settings, caller);
    if (store) yield* extract({ store, catalog, signal: caller.signal });
    const found = await read(catalog);
    const [first] = found.photos;
    if (!first) {
      throw new GillnetError(
        'NOT_FOUND',
        `The catalog ${catalog.location} holds no photos${split ? ` of ${split}` : ''}. ` +
          'Fill it with `gillnet extract --data FOLDER`.',
      );
    }
    return { ...found, store: store ?? (await storeAt(rootOf(first), settings, caller)) };
  });
}

/** Where a photo's key starts, as its address tells. */
function rootOf({ url, key }: CatalogPhoto): string {
  const address = addressOf(url);
  if (!address.endsWith(`/${key}`)) throw unreachable(url);
  return locationAt(address.slice(0, -key.length - 1));
}

/** Where another program found its photos: what stands before `/train/<label>/` and the like. */
function rootOfForeign(url: string): string {
  const root = new RegExp(`^(.*)/(?:${splits.join('|')})/[^/]+/.+$`, 'is').exec(
    addressOf(url),
  )?.[1];
  if (root === undefined) throw unreachable(url);
  return locationAt(root);
}

/** A file's path, or the address of a store's object as it stands. */
function addressOf(url: string): string {
  if (url.startsWith('file:')) return fileURLToPath(url);
  if (!isRemote(url)) throw unreachable(url);
  return url;
}

/** A folder, a store, or the bucket that an address over HTTP names; its server may have other names here. */
function locationAt(root: string): string {
  const bucket = /^https?:\/\/[^/]+\/(.+)$/.exec(root)?.[1];
  return bucket === undefined ? root || '/' : `s3://${bucket}`;
}

function unreachable(url: string): GillnetError {
  return new GillnetError(
    'NOT_FOUND',
    `The photos at ${url} can't be reached from here. Give them with \`--data\`.`,
  );
}

/** Reads the data's photos through a cache of decoded ones. */
export function readerOf(store: Store, settings: Settings): PhotoReader {
  return new PhotoReader(store, new PixelCache(settings.memory));
}
