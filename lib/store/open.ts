import { GillnetError } from '../errors.js';
import type { Caller } from '../server.js';
import { accountFrom, isDefaultAccount } from './account.js';
import { openDirectory } from './directory.js';
import type { Store } from './store.js';

type Opens = (location: string, caller?: Caller) => Promise<Store>;

/** Stores that are not folders, by the scheme of their addresses. */
const remotes: Record<string, Opens> = { s3: openS3 };

/** True for a location that is no folder: what is fetched from it is worth keeping. */
export function isRemote(location: string): boolean {
  return schemeOf(location) !== undefined;
}

/**
 * The store at `location`: a folder, or `s3://bucket[/prefix]` of the S3 server that the environment names.
 * Nothing is asked of a server yet. @throws GillnetError USAGE for an address of another kind
 */
export async function openStore(location: string, caller?: Caller): Promise<Store> {
  const scheme = schemeOf(location);
  if (scheme === undefined) return openDirectory(location);
  const opens = remotes[scheme];
  if (opens) return opens(location, caller);
  const known = Object.keys(remotes).map((each) => `${each}://bucket`);
  throw new GillnetError(
    'USAGE',
    `Expected a folder or ${known.join(' or ')} but received ${location}: ${scheme} stores are not built in.`,
  );
}

async function openS3(location: string, caller?: Caller): Promise<Store> {
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

/** `s3` of `s3://bucket`; nothing of a folder. */
export function schemeOf(location: string): string | undefined {
  return /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1]?.toLowerCase();
}
