import { fileURLToPath } from 'node:url';
import type { Catalog, CatalogPhoto } from '../catalog/catalog.js';
import { openCatalog } from '../catalog/open.js';
import type { Settings } from '../config.js';
import { GillnetError } from '../errors.js';
import { PixelCache } from '../photos/cache.js';
import { PhotoReader } from '../photos/reader.js';
import type { GillnetEvent } from '../pipeline/events.js';
import { extract } from '../pipeline/extract.js';
import { openStore } from '../store/open.js';
import type { Store } from '../store/store.js';

/** The photos of a catalog, and the store that holds their bytes. */
export interface Data {
  photos: CatalogPhoto[];
  store: Store;
}

/** Runs `work` with the catalog open. */
export async function* withCatalog<R>(
  location: string,
  work: (catalog: Catalog) => AsyncGenerator<GillnetEvent, R>,
): AsyncGenerator<GillnetEvent, R> {
  const catalog = await openCatalog(location);
  try {
    return yield* work(catalog);
  } finally {
    await catalog.close();
  }
}

/** The catalog's photos, after extracting `--data` when it is given. @throws GillnetError NOT_FOUND */
export async function* gather(
  settings: Settings,
  signal: AbortSignal,
): AsyncGenerator<GillnetEvent, Data> {
  return yield* withCatalog(settings.catalog, async function* (catalog) {
    if (settings.data === undefined) return catalogued(await catalog.photos(), settings);
    const store = openStore(settings.data);
    yield* extract({ store, catalog, signal });
    return { photos: await catalog.photos(), store };
  });
}

function catalogued(photos: CatalogPhoto[], settings: Settings): Data {
  const [first] = photos;
  if (!first) {
    throw new GillnetError(
      'NOT_FOUND',
      `The catalog ${settings.catalog} holds no photos. Fill it with \`gillnet extract --data FOLDER\`.`,
    );
  }
  return { photos, store: openStore(rootOf(first)) };
}

/** The folder that a photo's key starts in, as its address tells. */
function rootOf({ url, key }: CatalogPhoto): string {
  const file = url.startsWith('file:') ? fileURLToPath(url) : '';
  if (!file.endsWith(`/${key}`)) {
    throw new GillnetError(
      'NOT_FOUND',
      `The photos at ${url} can't be reached from here. Give them with \`--data\`.`,
    );
  }
  return file.slice(0, -key.length - 1) || '/';
}

/** Reads the data's photos through a cache of decoded ones. */
export function readerOf(store: Store, settings: Settings): PhotoReader {
  return new PhotoReader(store, new PixelCache(settings.cache));
}
