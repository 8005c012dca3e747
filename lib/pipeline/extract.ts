import { availableParallelism } from 'node:os';
import type { Catalog, FingerprintedPhoto, Split } from '../catalog/catalog.js';
import { mapConcurrent } from '../concurrency.js';
import { countBy } from '../count-by.js';
import { codeOf, GillnetError, messageOf } from '../errors.js';
import { isCurrent } from '../fingerprints/encoding.js';
import { type Examined, examine } from '../fingerprints/examine.js';
import { sha256Of } from '../sha256.js';
import { Spool, type Spooled } from '../spool.js';
import { isContentTag } from '../store/checksum.js';
import type { Store, StoredObject } from '../store/store.js';
import { event, type GillnetEvent } from './events.js';
import { type Placed, placedIn } from './place.js';

export interface ExtractOptions {
  store: Store;
  catalog: Catalog;
  /** The split of photos that stand as `<label>/<photo>`, in none of the folders of splits. */
  unsplit?: Split;
  /** What a photo's bytes tell, in the caller's own way. */
  examine?: (bytes: Uint8Array) => Promise<Examined>;
  signal?: AbortSignal | undefined;
}

/** What is found out from a photo's bytes alone. */
interface Content
  extends Omit<Examined, 'fingerprint'>,
    Pick<FingerprintedPhoto, 'sha256' | 'bytes'> {
  fingerprint: Spooled;
}

/** What was known of a photo before. */
type Known = Content & Pick<FingerprintedPhoto, 'key' | 'etag' | 'url'>;

/** Photos fetched ahead, as they are stored: a bucket answers late. */
const fetchedAhead = 32;
/** Photos decoded at once: enough for every processor, and each holds all of its pixels. */
const examinedAtOnce = 2 * availableParallelism();
const progressEvery = 50;

/**
 * Store → catalog: reads every `train|val|test/<label>/<file>`, hashes, decodes and fingerprints it, and
 * replaces the catalog's rows in one transaction. A photo whose key and etag the catalog knows is not read
 * again, and equal bytes are looked at once.
 * @throws GillnetError NOT_FOUND without any photo, INTERRUPTED (the catalog is then as before)
 */
export async function* extract(options: ExtractOptions): AsyncGenerator<GillnetEvent, void> {
  const spool = new Spool();
  try {
    yield* extractThrough(spool, options);
  } finally {
    spool.close();
  }
}

/** @param spool where fingerprints wait until they are catalogued */
async function* extractThrough(
  spool: Spool,
  options: ExtractOptions,
): AsyncGenerator<GillnetEvent, void> {
  const { store, catalog, unsplit, signal } = options;
  const began = performance.now();
  yield event('stage', { stage: 'extract', detail: `${store.location} → ${catalog.location}` });

  const insertedAt = new Date().toISOString();
  const { placed, ignored } = await placedIn(store, unsplit);
  const known = await knownPhotos(catalog, spool);
  const contents = new Map<string, Content | Promise<Content>>(
    Array.from(known.values(), (photo) => [photo.sha256, photo]),
  );
  const lookedAt = async (bytes: Uint8Array, sha256: string): Promise<Content> => {
    const { fingerprint, ...facts } = await (options.examine ?? examine)(bytes);
    return { ...facts, sha256, bytes: bytes.length, fingerprint: spool.add(fingerprint) };
  };
  const contentOf = (bytes: Uint8Array) => {
    const sha256 = sha256Of(bytes);
    const content = contents.get(sha256) ?? lookedAt(bytes, sha256);
    contents.set(sha256, content);
    return content;
  };

  const fetched = mapConcurrent(placed, fetchedAhead, async ({ object }) => {
    signal?.throwIfAborted();
    const before = known.get(object.key);
    if (before && isUnchanged(before, object, store)) return { content: before };
    return unlessBroken(async () => ({ bytes: await store.get(object) }));
  });
  const examined = mapConcurrent(fetched, examinedAtOnce, async (found) =>
    'bytes' in found
      ? unlessBroken(async () => ({ content: await contentOf(found.bytes) }))
      : found,
  );
  const photos: { place: Placed; content: Content }[] = [];
  let done = 0;
  for await (const found of examined) {
    const place = placed[done] as Placed;
    if ('content' in found) photos.push({ place, content: found.content });
    else yield event('skipped', { photo: place.object.key, reason: found.reason });
    done += 1;
    if (done % progressEvery === 0) {
      yield event('progress', { stage: 'extract', done, total: placed.length });
    }
  }
  await catalog.replaceAll({
    *[Symbol.iterator]() {
      for (const { place, content } of photos) {
        const { object, ...named } = place;
        const { key, etag } = object;
        const fingerprint = spool.read(content.fingerprint);
        const url = store.urlOf(key);
        yield { ...content, ...named, key, etag, url, insertedAt, fingerprint };
      }
    },
  });

  yield event('extracted', {
    photos: photos.length,
    labels: counted(photos.map(({ place }) => place.label)),
    splits: { train: 0, val: 0, test: 0, ...counted(photos.map(({ place }) => place.split)) },
    skipped: placed.length - photos.length + ignored,
    ignored,
    seconds: (performance.now() - began) / 1000,
  });
}

/** What is wrong with a photo that is broken, or gone or changed since it was listed: the others are none the worse. */
async function unlessBroken<T>(work: () => Promise<T>): Promise<T | { reason: string }> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GillnetError && error.exitCode === 2) return { reason: messageOf(error) };
    throw error;
  }
}

/** The same tag in another place says the same only where it follows from the content. */
function isUnchanged(before: Known, { key, etag, bytes }: StoredObject, store: Store) {
  const same = before.etag === etag && before.bytes === bytes;
  return same && (isContentTag(etag) || before.url === store.urlOf(key));
}

/** By key. Rows of the original service, or of an older gillnet, can't spare any reading. */
async function knownPhotos(catalog: Catalog, spool: Spool): Promise<Map<string, Known>> {
  const known = new Map<string, Known>();
  try {
    await catalog.eachFingerprinted(({ fingerprint, ...facts }) => {
      if (isCurrent(fingerprint))
        known.set(facts.key, { ...facts, fingerprint: spool.add(fingerprint) });
    });
    return known;
  } catch (error) {
    if (codeOf(error) === 'CATALOG') return new Map();
    throw error;
  }
}

function counted(names: string[]): Record<string, number> {
  return Object.fromEntries([...countBy(names)].sort(([a], [b]) => (a < b ? -1 : 1)));
}
