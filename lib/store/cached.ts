import { isContentTag } from './checksum.js';
import type { ObjectCache } from './object-cache.js';
import type { Store, StoredObject } from './store.js';

/** A store whose objects are fetched once, and again only when they have changed. */
export function cached(store: Store, cache: ObjectCache): Store {
  return {
    location: store.location,
    list: (prefix) => store.list(prefix),
    find: (key) => store.find(key),
    folders: (prefix) => store.folders(prefix),
    get: (object) => cache.read(identityOf(store, object), () => store.get(object)),
    // Kept by itself: who asks for a part does without the rest.
    getPart: (object, start, end) =>
      cache.read(`${identityOf(store, object)} ${start}-${end}`, () =>
        store.getPart(object, start, end),
      ),
    holds: (object, body) => store.holds(object, body),
    create: (key, body) => store.create(key, body),
    remove: (key) => store.remove(key),
    prepare: () => store.prepare(),
    urlOf: (key) => store.urlOf(key),
  };
}

/** Copies of one content share their place, under whatever keys, where the store's tag tells it. */
function identityOf(store: Store, { key, etag, bytes }: StoredObject): string {
  return isContentTag(etag) ? `${etag} ${bytes}` : `${store.urlOf(key)} ${etag} ${bytes}`;
}
