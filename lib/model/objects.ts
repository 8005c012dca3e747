import { codeOf } from '../errors.js';
import type { Store, StoredObject } from '../store/store.js';

/** The objects whose key begins with `prefix`; none where the bucket is not there, as it is made with the first model. */
export async function objectsIn(store: Store, prefix: string): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  try {
    for await (const object of store.list(prefix)) found.push(object);
  } catch (error) {
    if (codeOf(error) !== 'NOT_FOUND') throw error;
  }
  return found;
}
