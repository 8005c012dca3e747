import type { Store, StoredObject } from './store.js';

/** The object of this key; null where there is none. @throws GillnetError as `list` does */
export async function findObject(store: Store, key: string): Promise<StoredObject | null> {
  for await (const object of store.list(key)) {
    if (object.key === key) return object;
  }
  return null;
}
