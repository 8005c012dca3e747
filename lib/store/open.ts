import { GillnetError } from '../errors.js';
import { openDirectory } from './directory.js';
import type { Store } from './store.js';

/** The store at `location`, a folder. @throws GillnetError USAGE for an address of another kind */
export function openStore(location: string): Store {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1];
  if (scheme) {
    throw new GillnetError(
      'USAGE',
      `Expected a folder but received ${location}: ${scheme} stores are not built in.`,
    );
  }
  return openDirectory(location);
}
