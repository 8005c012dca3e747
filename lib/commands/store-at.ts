import path from 'node:path';
import { cacheFolder } from '../cache-folder.js';
import type { Settings } from '../config.js';
import type { Caller } from '../server.js';
import { cached } from '../store/cached.js';
import { ObjectCache } from '../store/object-cache.js';
import { isRemote, openStore } from '../store/open.js';
import type { Store } from '../store/store.js';

/** The store at `location`; what is fetched from a server is kept on this machine, for all runs. */
export async function storeAt(
  location: string,
  { downloadCache }: Pick<Settings, 'downloadCache'>,
  caller?: Caller,
): Promise<Store> {
  const store = await openStore(location, caller);
  if (!isRemote(location)) return store;
  const folder = path.join(cacheFolder(), 'objects');
  return cached(store, new ObjectCache(folder, downloadCache, caller?.warn));
}

/** A place by a name that holds wherever it is read: a bucket, or a folder's whole path. */
export const wherever = (location: string): string =>
  isRemote(location) ? location : path.resolve(location);
