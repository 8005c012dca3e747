import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Catalog, CatalogPhoto, SpooledPhotos } from '../lib/catalog/catalog.js';
import { openCatalog } from '../lib/catalog/open.js';
import { guarding, nearDuplicatesOf } from '../lib/commands/guarding.js';
import { partition } from '../lib/commands/training/partition.js';
import { metricsOf } from '../lib/metrics/metrics.js';
import { softmax } from '../lib/metrics/softmax.js';
import { Classifier, setThreads } from '../lib/model/classifier.js';
import { dataFingerprintOf, encodeManifest } from '../lib/model/manifest.js';
import type { Recipe } from '../lib/model/recipe.js';
import { batches } from '../lib/photos/batches.js';
import { PixelCache } from '../lib/photos/cache.js';
import { PhotoReader } from '../lib/photos/reader.js';
import { doubtsOf } from '../lib/pipeline/doubt.js';
import type { GillnetEvent } from '../lib/pipeline/events.js';
import { extract } from '../lib/pipeline/extract.js';
import type { GuardedPhoto } from '../lib/pipeline/guard.js';
import { decodeAhead } from '../lib/pipeline/judge.js';
import { Pictures } from '../lib/pipeline/pictures.js';
import { recipes } from '../lib/pipeline/recipes.js';
import { train } from '../lib/pipeline/train.js';
import { upload } from '../lib/pipeline/upload.js';
import { random } from '../lib/random.js';
import { Run } from '../lib/runs.js';
import { openStore } from '../lib/store/open.js';
import type { Store } from '../lib/store/store.js';

/** What is measured where: `items` are the photos that `seconds` were spent on. */
export interface Measured {
  seconds: number;
  /** Seconds of all processors together, which other programs on the machine lengthen less. */
  cpu: number;
  items: number;
}

export interface Place {
  photos: number;
  /** Where photos and catalogs are kept. */
  work: string;
  /** The photos. */
  data: string;
  /** Bytes, as `--memory` has them. */
  memory: number;
}

/** Null where what it takes is not there. */
export type Measure = (place: Place) => Promise<Measured | null>;

/** Each stage in the order in which a run meets them; later ones use the catalog that `extract` has left. */
export const measures: Record<string, Measure> = {
  'list, folder': async ({ data }) => timedList(await openStore(data)),
  'list, bucket': async (place) => timedList(await bucketOf(place)),

  extract: (place) => extraction(place, openStore(place.data), anew(sqliteOf(place))),
  'extract again': (place) => extraction(place, openStore(place.data), sqliteOf(place)),
  'extract, bucket': (place) => extraction(place, bucketOf(place), anew(sqliteOf(place, 'bucket'))),
  'extract again, bucket': (place) => extraction(place, bucketOf(place), sqliteOf(place, 'bucket')),

  'write catalog': (place) => writing(place, anew(sqliteOf(place, 'copy'))),
  'write catalog, MySQL': (place) => writing(place, mysqlOf(place)),
  'read catalog': (place) => reading(place, sqliteOf(place), (catalog) => catalog.photos()),
  'read catalog, MySQL': (place) => reading(place, mysqlOf(place), (catalog) => catalog.photos()),
  'read fingerprints': (place) =>
    reading(place, sqliteOf(place), (catalog) => catalog.fingerprinted(place.memory / 2)),
  'read fingerprints, MySQL': (place) =>
    reading(place, mysqlOf(place), (catalog) => catalog.fingerprinted(place.memory / 2)),
  'extract again, MySQL': (place) => extraction(place, openStore(place.data), mysqlOf(place)),

  'near-duplicates': async (place) => {
    const spooled = await fingerprinted(place);
    return timed(place.photos, () => nearDuplicatesOf(spooled, place));
  },
  'guard, all of it': (place) =>
    withRun(place, async (run) => {
      const spooled = await fingerprinted(place);
      const { signal } = new AbortController();
      const { memory } = place;
      const settings = { policy: 'quarantine', validation: 'split', memory } as never;
      const input = { ...spooled, pictures: new Pictures(), settings, run, signal };
      return timed(place.photos, () => ended(guarding(input)));
    }),
  'split, manifest, config': (place) =>
    withRun(place, async (run) => {
      const photos = await guarded(place);
      return timed(place.photos, async () => {
        const { train, val } = partition(photos, { validation: 'split', valFraction: 0.2 }, 1);
        const manifest = [
          ...train.map((photo) => ({ ...photo, role: 'train' as const })),
          ...val.map((photo) => ({ ...photo, role: 'val' as const })),
        ];
        dataFingerprintOf(manifest);
        await run.write('photos.json', encodeManifest(manifest));
      });
    }),
  'epoch start': async (place) => {
    const photos = await guarded(place);
    const { train: trains, val } = partition(photos, { validation: 'split', valFraction: 0.2 }, 1);
    return firstStep(trains, val, place);
  },
  'read 20 batches': async (place) => {
    const photos = (await guarded(place)).slice(0, 20 * recipe.batchSize);
    const reader = new PhotoReader(await openStore(place.data), new PixelCache(0));
    const read = (photo: CatalogPhoto) => reader.pixels(photo, recipe.decodeSize);
    const { batchSize, decodeSize: size } = recipe;
    const loading = { read, batchSize, size, ahead: decodeAhead };
    return timed(photos.length, async () => {
      for await (const _ of batches(photos, loading));
    });
  },
  'metrics of 10 classes': async ({ photos }) => {
    const draw = random(1, 'metrics');
    const judgements = Array.from({ length: photos }, (_, index) => ({
      truth: index % 10,
      confidences: softmax(Float32Array.from({ length: 10 }, () => draw.normal())),
    }));
    return timed(photos, async () => metricsOf(judgements, 10));
  },
  'labels that look wrong': async (place) => {
    const photos = await guarded(place);
    const width = 512;
    const draw = random(1, 'features');
    const features = photos.map(({ label }) => {
      const index = Number(label.split('-')[1]);
      return Float32Array.from(
        { length: width },
        (_, at) => draw.next() + (at % 10 === index ? 0.3 : 0),
      );
    });
    setThreads(undefined);
    return timed(photos.length, () => doubtsOf({ photos, features }, { seed: 1 }));
  },
};

const recipe: Recipe = { ...recipes.scratch, imageSize: 32, decodeSize: 36, epochs: 2 };

async function timed(items: number, work: () => Promise<unknown>): Promise<Measured> {
  const began = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - began) / 1000, cpu: (user + system) / 1e6, items };
}

/** Runs a generator to its end. */
async function ended(events: AsyncIterable<GillnetEvent>): Promise<void> {
  for await (const _ of events);
}

async function timedList(store: Store | null): Promise<Measured | null> {
  if (!store) return null;
  let items = 0;
  const measured = await timed(0, async () => {
    for await (const _ of store.list()) items += 1;
  });
  return { ...measured, items };
}

/** A bucket of its own for each size, filled where it is not yet; null without a server. */
async function bucketOf({ photos, data }: Place): Promise<Store | null> {
  if (!process.env.MINIO_ENDPOINT) return null;
  const bucket = await openStore(`s3://scale-${photos}`);
  await bucket.prepare();
  await ended(upload({ from: await openStore(data), to: bucket }));
  return bucket;
}

/** @param kind of several of one size */
function sqliteOf({ work, photos }: Place, kind?: string): string {
  return `sqlite:${path.join(work, `catalog-${[photos, kind].filter(Boolean).join('-')}.db`)}`;
}

/** A database of its own for each size, which `write catalog, MySQL` fills; null without a server. */
function mysqlOf({ photos }: Place): string | null {
  const address = process.env.GILLNET_CATALOG;
  return address?.startsWith('mysql:') ? address.replace(/[^/]*$/, `scale_${photos}`) : null;
}

/** Without what the file held. */
function anew(location: string): string {
  const file = location.replace(/^sqlite:/, '');
  for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
  return location;
}

async function extraction(
  { photos }: Place,
  opening: Promise<Store | null>,
  location: string | null,
): Promise<Measured | null> {
  const store = await opening;
  if (!store || !location) return null;
  const catalog = await openCatalog(location);
  const measured = await timed(photos, () => ended(extract({ store, catalog })));
  await catalog.close();
  return measured;
}

/** Of the rows that `extract` has left. */
async function writing(place: Place, location: string | null): Promise<Measured | null> {
  if (!location) return null;
  const { photos, fingerprints } = await fingerprinted(place);
  const rows = {
    *[Symbol.iterator]() {
      for (const photo of photos) {
        yield { ...photo, fingerprint: fingerprints.read(photo.fingerprint) };
      }
    },
  };
  const catalog = await openCatalog(location);
  const measured = await timed(place.photos, () => catalog.replaceAll(rows));
  await catalog.close();
  fingerprints.close();
  return measured;
}

async function reading(
  { photos }: Place,
  location: string | null,
  read: (catalog: Catalog) => Promise<unknown>,
): Promise<Measured | null> {
  if (!location) return null;
  const catalog = await openCatalog(location);
  const measured = await timed(photos, () => read(catalog));
  await catalog.close();
  return measured;
}

async function fingerprinted(place: Place): Promise<SpooledPhotos> {
  const catalog = await openCatalog(sqliteOf(place));
  const spooled = await catalog.fingerprinted(place.memory / 2);
  await catalog.close();
  return spooled;
}

/** The catalog's photos as the guard leaves them where it finds nothing. */
async function guarded(place: Place): Promise<GuardedPhoto[]> {
  const catalog = await openCatalog(sqliteOf(place));
  const photos = await catalog.photos();
  await catalog.close();
  return photos.map((photo) => ({ ...photo, group: photo.key, seen: false }));
}

async function withRun<T>({ work }: Place, use: (run: Run) => Promise<T>): Promise<T> {
  await mkdir(work, { recursive: true });
  const folder = await mkdtemp(path.join(work, 'runs-'));
  try {
    return await use(await Run.create(folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** From the beginning of an epoch to its first step, whose computing is left out of the seconds. */
async function firstStep(
  trains: GuardedPhoto[],
  val: GuardedPhoto[],
  place: Place,
): Promise<Measured> {
  setThreads(undefined);
  const classes = [...new Set(trains.map(({ label }) => label))].sort();
  const { imageSize, decodeSize, optimizer } = recipe;
  const classifier = new Classifier({ classes, imageSize, seed: 1, optimizer });
  const reader = new PhotoReader(await openStore(place.data), new PixelCache(0));
  const stop = new AbortController();
  let seconds = 0;
  const training = train({
    ...{ classifier, train: trains, val, recipe, seed: 1, signal: stop.signal },
    readForTraining: (photo) => reader.pixels(photo, decodeSize),
    readForJudging: (photo) => reader.pixels(photo, imageSize),
    keepCheckpoint: async () => {},
  });
  const began = performance.now();
  const measured = await timed(place.photos, async () => {
    for await (const happened of training) {
      if (happened.type !== 'step') continue;
      seconds ||= (performance.now() - began) / 1000 - happened.computeSeconds;
      stop.abort();
    }
  });
  classifier.dispose();
  return { ...measured, seconds };
}
