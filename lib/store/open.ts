import { GillnetError } from '../errors.js';
import type { Caller } from '../server.js';
import { accountFrom, isDefaultAccount } from './account.js';
import { openDirectory } from './directory.js';
import type { Store } from './store.js';

/** True for a location on an S3 server. */
export function isBucket(location: string): boolean {
  return schemeOf(location) === 's3';
}

/**
 * The store at `location`: a folder, or `s3://bucket[/prefix]` of the S3 server that the environment names.
 * Nothing is asked of a server yet. @throws GillnetError USAGE for an address of another kind
 */
export async function openStore(location: string, caller?: Caller): Promise<Store> {
  const scheme = schemeOf(location);
  if (!scheme) return openDirectory(location);
  if (scheme !== 's3') {
    throw new GillnetError(
      'USAGE',
      `Expected a folder or s3://bucket but received ${location}: ${scheme} stores are not built in.`,
    );
  }
  const account = accountFrom();
  if (isDefaultAccount(account)) {
    caller?.warn?.(
      'DEFAULT_CREDENTIALS',
      `The S3 server at ${account.endpoint.host} is used with credentials that everybody knows. Set MINIO_ACCESS_KEY and MINIO_SECRET_KEY.`,
    );
  }
  // A fifth of a second, which nobody waits for who has a folder.
  const { openBucket } = await import('./bucket.js');
  return openBucket(location, account, caller);
}

function schemeOf(location: string): string | undefined {
  return /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1]?.toLowerCase();
}
