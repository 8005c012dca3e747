import { codeOf } from '../errors.js';
import type { Store } from './store.js';

/** Writes an object, over one of the same key. @throws as `create` does, when another writer meets it there */
export async function replaceObject(store: Store, key: string, body: Uint8Array): Promise<void> {
  try {
    await store.create(key, body);
  } catch (error) {
    if (codeOf(error) !== 'EXISTS') throw error;
    await store.remove(key);
    await store.create(key, body);
  }
}
