import { GillnetError } from '../errors.js';
import type { Caller } from '../server.js';
import { accountFrom } from './account.js';
import { openBucket } from './bucket.js';
import { openDirectory } from './directory.js';
import type { Store } from './store.js';

/**
 * The store at `location`: a folder, or `s3://bucket[/prefix]` of the S3 server that the environment names.
 * Nothing is asked of a server yet. @throws GillnetError USAGE for an address of another kind
 */
export function openStore(location: string, caller?: Caller): Store {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1]?.toLowerCase();
  if (!scheme) return openDirectory(location);
  if (scheme === 's3') return openBucket(location, accountFrom(), caller);
  throw new GillnetError(
    'USAGE',
    `Expected a folder or s3://bucket but received ${location}: ${scheme} stores are not built in.`,
  );
}
