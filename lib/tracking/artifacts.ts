import { GillnetError } from '../errors.js';
import { replaceObject } from '../store/replace.js';
import type { Store } from '../store/store.js';
import type { MlflowClient } from './client.js';

/** Where a run's or a model's files go. */
export interface ArtifactRoot {
  /** Writes a file, over one of the same name. @throws GillnetError the client's, the store's */
  put(name: string, body: Uint8Array): Promise<void>;
}

const proxied = 'mlflow-artifacts:';

/**
 * The place at an address that the server gives: its own proxy, or a bucket that is written to directly, as MLflow's
 * own client would.
 * @param openBucket opens `s3://bucket/prefix`
 * @throws GillnetError NOT_FOUND for one that gillnet can't write to, and the store's
 */
export async function artifactRootAt(
  uri: string,
  client: MlflowClient,
  openBucket: (location: string) => Promise<Store>,
): Promise<ArtifactRoot> {
  if (uri.startsWith(proxied)) {
    // The server's own name may stand before the path.
    const path = uri
      .slice(proxied.length)
      .replace(/^\/\/[^/]*/, '')
      .replace(/^\/+/, '');
    return { put: (name, body) => client.putArtifact(`${path}/${name}`, body) };
  }
  if (!uri.startsWith('s3://')) {
    throw new GillnetError(
      'NOT_FOUND',
      `MLflow keeps artifacts in ${uri}, where gillnet can't write: start it with --artifacts-destination and ` +
        '--serve-artifacts, or keep them in a bucket (s3://).',
    );
  }
  const store = await openBucket(uri);
  return { put: (name, body) => replaceObject(store, name, body) };
}
