import type { Catalog, FingerprintedPhoto, Split } from '../catalog/catalog.js';
import { mapConcurrent } from '../concurrency.js';
import { countBy } from '../count-by.js';
import { GillnetError, messageOf } from '../errors.js';
import { pixelHash } from '../fingerprints/decode.js';
import { encode, isCurrent } from '../fingerprints/encoding.js';
import { fingerprintOf } from '../fingerprints/fingerprint.js';
import { inspect } from '../photos/decode.js';
import { sha256Of } from '../sha256.js';
import { isContentTag } from '../store/checksum.js';
import type { Store, StoredObject } from '../store/store.js';
import { event, type GillnetEvent } from './events.js';
import { placedIn } from './place.js';

export interface ExtractOptions {
  store: Store;
  catalog: Catalog;
  /** The split of photos that stand as `<label>/<photo>`, in none of the folders of splits. */
  unsplit?: Split;
  /** The encoded fingerprint of a photo's bytes: in the caller's own way, such as on other threads. */
  fingerprint?: (bytes: Uint8Array) => Promise<Uint8Array>;
  signal?: AbortSignal | undefined;
}

/** What is found out from a photo's bytes alone. */
type Content = Pick<
  FingerprintedPhoto,
  'sha256' | 'pixelHash' | 'fingerprint' | 'bytes' | 'width' | 'height' | 'format'
>;

/** Photos read and decoded at once: a bucket answers late, and each of them holds memory. */
const inFlight = 16;
const progressEvery = 50;

/**
 * Store → catalog: reads every `train|val|test/<label>/<file>`, hashes, decodes and fingerprints it, and
 * replaces the catalog's rows in one transaction. A photo whose key and etag the catalog knows is not read
 * again, and equal bytes are looked at once.
 * @throws GillnetError NOT_FOUND without any photo, INTERRUPTED (the catalog is then as before)
 */
export async function* extract(options: ExtractOptions): AsyncGenerator<GillnetEvent, void> {
  const { store, catalog, unsplit, signal } = options;
  const fingerprint = options.fingerprint ?? ownFingerprint;
  const began = performance.now();
  yield event('stage', { stage: 'extract', detail: `${store.location} → ${catalog.location}` });

  const { placed, ignored } = await placedIn(store, unsplit);
  const known = await knownPhotos(catalog);
  const byKey = new Map(known.map((photo) => [photo.key, photo]));
  const contents = new Map<string, Content | Promise<Content>>(
    known.map((photo) => [photo.sha256, contentIn(photo)]),
  );
  const contentOf = (bytes: Uint8Array) => {
    const sha256 = sha256Of(bytes);
    const content = contents.get(sha256) ?? lookedAt(bytes, sha256, fingerprint);
    contents.set(sha256, content);
    return content;
  };
  const insertedAt = new Date().toISOString();
  const photos: FingerprintedPhoto[] = [];
  let broken = 0;
  let done = 0;

  const facts = mapConcurrent(placed, inFlight, async (place) => {
    signal?.throwIfAborted();
    const { object, ...named } = place;
    const { key, etag } = object;
    const here = { ...named, key, etag, url: store.urlOf(key), insertedAt };
    const before = byKey.get(key);
    if (before && isUnchanged(before, object, store)) {
      return { place, photo: { ...here, ...contentIn(before) } };
    }
    try {
      return { place, photo: { ...here, ...(await contentOf(await store.get(object))) } };
    } catch (error) {
      // Broken, or gone or changed since it was listed: the others are none the worse.
      if (error instanceof GillnetError && error.exitCode === 2) {
        return { place, reason: messageOf(error) };
      }
      throw error;
    }
  });
  for await (const { place, photo, reason } of facts) {
    if (photo) photos.push(photo);
    else {
      broken += 1;
      yield event('skipped', { photo: place.object.key, reason });
    }
    done += 1;
    if (done % progressEvery === 0) {
      yield event('progress', { stage: 'extract', done, total: placed.length });
    }
  }
  await catalog.replaceAll(photos);

  yield event('extracted', {
    photos: photos.length,
    labels: counted(photos.map((photo) => photo.label)),
    splits: { train: 0, val: 0, test: 0, ...counted(photos.map((photo) => photo.split)) },
    skipped: broken + ignored,
    ignored,
    seconds: (performance.now() - began) / 1000,
  });
}

/** The same tag in another place says the same only where it follows from the content. */
function isUnchanged(before: FingerprintedPhoto, { key, etag, bytes }: StoredObject, store: Store) {
  const same = before.etag === etag && before.bytes === bytes;
  return same && (isContentTag(etag) || before.url === store.urlOf(key));
}

async function lookedAt(
  bytes: Uint8Array,
  sha256: string,
  fingerprint: NonNullable<ExtractOptions['fingerprint']>,
): Promise<Content> {
  return {
    ...(await inspect(bytes)),
    ...{ sha256, bytes: bytes.length },
    pixelHash: await pixelHash(bytes),
    fingerprint: await fingerprint(bytes),
  };
}

async function ownFingerprint(bytes: Uint8Array): Promise<Uint8Array> {
  return encode(await fingerprintOf(bytes));
}

function contentIn(photo: FingerprintedPhoto): Content {
  const { sha256, pixelHash, fingerprint, bytes, width, height, format } = photo;
  return { sha256, pixelHash, fingerprint, bytes, width, height, format };
}

/** Rows of the original service, or of an older gillnet, can't spare any reading. */
async function knownPhotos(catalog: Catalog): Promise<FingerprintedPhoto[]> {
  try {
    return (await catalog.fingerprinted()).filter(({ fingerprint }) => isCurrent(fingerprint));
  } catch (error) {
    if (error instanceof GillnetError && error.code === 'CATALOG') return [];
    throw error;
  }
}

function counted(names: string[]): Record<string, number> {
  return Object.fromEntries([...countBy(names)].sort(([a], [b]) => (a < b ? -1 : 1)));
}
