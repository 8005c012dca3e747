import { readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import { openCatalog } from '../lib/catalog/open.js';
import { sqliteDriver } from '../lib/catalog/sqlite.js';
import { pixelHash } from '../lib/fingerprints/decode.js';
import { encode } from '../lib/fingerprints/encoding.js';
import { examine, fingerprintOf } from '../lib/fingerprints/examine.js';
import type { GillnetEvent } from '../lib/pipeline/events.js';
import { type ExtractOptions, extract } from '../lib/pipeline/extract.js';
import { openStore } from '../lib/store/open.js';
import type { StoredObject } from '../lib/store/store.js';
import { fingerprintedIn } from './support/catalogs.js';
import { failsWith } from './support/errors.js';
import { collect } from './support/events.js';
import { busyPicture, picture, writeFiles } from './support/photos.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('extract and store');

const Database = await sqliteDriver();

const red = { r: 200, g: 10, b: 10 };
const blue = { r: 10, g: 10, b: 200 };

async function data(): Promise<string> {
  const folder = temporaryFolder();
  const jpeg = await picture('x.jpg', red);
  await writeFiles(folder, {
    'train/Gold Fish/a (1) [x].JPG': jpeg,
    'train/Gold Fish/b.png': await picture('b.png', blue),
    'train/Mud & Co/c.webp': await picture('c.webp', red),
    'train/Mud & Co/d.gif': await picture('d.gif', blue),
    'test/Gold Fish/e.TIFF': await picture('e.tiff', red),
    'val/Gold Fish/ünï 100%.jpeg': jpeg,
    'train/Mud & Co/broken.jpg': jpeg.subarray(0, jpeg.length / 2),
    'train/Mud & Co/text.jpg': 'no photo at all',
    'train/.DS_Store': 'x',
    'train/Gold Fish/._a.jpg': 'x',
    'notes.txt': 'x',
    'stray.jpg': jpeg,
  });
  return folder;
}

async function extracted(folder: string, options: Partial<ExtractOptions> = {}) {
  const catalog = options.catalog ?? (await openCatalog('sqlite::memory:'));
  const { events } = await collect(
    extract({ store: await openStore(folder), catalog, ...options }),
  );
  return { catalog, events, photos: await catalog.photos() };
}

const last = (events: GillnetEvent[]) => events.at(-1) as GillnetEvent<'extracted'>;

test('photos of all formats are catalogued; broken ones and other files are left out and counted', async () => {
  const { events, photos } = await extracted(await data());
  const { photos: count, labels, splits, skipped, ignored } = last(events);
  assert.equal(
    { count, labels, splits, skipped, ignored },
    {
      count: 6,
      labels: { 'Gold Fish': 4, 'Mud & Co': 2 },
      splits: { train: 4, val: 1, test: 1 },
      skipped: 6,
      ignored: 4,
    },
  );
  assert.equal(photos.map(({ format }) => format).sort(), [
    'gif',
    'jpeg',
    'jpeg',
    'png',
    'tiff',
    'webp',
  ]);
  const told = events.filter((event) => event.type === 'skipped');
  assert.equal(told.map(({ photo }) => photo).sort(), [
    'train/Mud & Co/broken.jpg',
    'train/Mud & Co/text.jpg',
  ]);
  assert.match(
    told.find(({ photo }) => photo.includes('broken'))?.reason ?? '',
    /premature end|cut off/,
  );
});

test('the original six columns keep their names and meaning', async () => {
  const folder = await data();
  const file = path.join(temporaryFolder(), 'catalog.db');
  const catalog = await openCatalog(`sqlite:${file}`);
  await extracted(folder, { catalog });
  await catalog.close();
  const database = new Database(file, { readonly: true });
  const rows = database
    .prepare(
      "SELECT id, species_label, file_name, url_s3, split, insert_date FROM fish_data WHERE split = 'val'",
    )
    .all() as Record<string, unknown>[];
  database.close();
  assert.is(rows.length, 1);
  const [row] = rows as [Record<string, unknown>];
  assert.is(row.species_label, 'Gold Fish');
  assert.is(row.file_name, 'ünï 100%.jpeg');
  assert.equal(
    await readFile(new URL(String(row.url_s3))),
    await readFile(path.join(folder, 'val/Gold Fish/ünï 100%.jpeg')),
  );
  assert.ok(Date.now() - Date.parse(String(row.insert_date)) < 60_000);
});

test('a second extraction replaces the rows and reads only what has changed', async () => {
  const folder = await data();
  const first = await extracted(folder);
  const store = await openStore(folder);
  const read: string[] = [];
  const watched = {
    ...store,
    get(object: StoredObject) {
      read.push(object.key);
      return store.get(object);
    },
  };
  const changed = path.join(folder, 'train/Gold Fish/b.png');
  await writeFile(changed, await picture('b.png', red, { width: 50 }));
  await utimes(changed, new Date(), new Date(Date.now() + 5000));
  const second = await extracted(folder, { catalog: first.catalog, store: watched });
  assert.is(second.photos.length, 6);
  assert.equal(
    read.filter((key) => !key.includes('broken') && !key.includes('text')),
    ['train/Gold Fish/b.png'],
  );
  const of = (photos: typeof first.photos) => photos.find(({ key }) => key.endsWith('b.png'));
  assert.is.not(of(first.photos)?.sha256, of(second.photos)?.sha256);
  assert.is(of(second.photos)?.width, 50);
});

test('a photo is known by its bytes, its pixels and its fingerprint, each content looked at once', async () => {
  const folder = temporaryFolder();
  const jpeg = await busyPicture(1);
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  await writeFiles(folder, {
    'train/a/1.jpg': jpeg,
    'train/a/2.jpg': jpeg,
    'test/a/3.png': await sharp(data, { raw: { width, height, channels } }).png().toBuffer(),
    'test/a/4.jpg': await busyPicture(2),
  });
  let looked = 0;
  const counted = (bytes: Uint8Array) => {
    looked += 1;
    return examine(bytes);
  };
  const catalog = await openCatalog('sqlite::memory:');
  await extracted(folder, { catalog, examine: counted });
  const [png, other, first, copy] = await fingerprintedIn(catalog);
  assert.is(looked, 3);
  assert.equal(first?.fingerprint, Buffer.from(encode(await fingerprintOf(jpeg))));
  assert.is(first?.pixelHash, await pixelHash(jpeg));
  assert.equal([copy?.sha256, copy?.fingerprint], [first?.sha256, first?.fingerprint]);
  assert.is(png?.pixelHash, first?.pixelHash);
  assert.is.not(png?.sha256, first?.sha256);
  assert.is.not(other?.pixelHash, first?.pixelHash);
});

test('photos that an older gillnet has extracted are extracted again', async () => {
  const folder = await data();
  for (const older of ["x'00'", 'NULL']) {
    const file = path.join(temporaryFolder(), 'catalog.db');
    const catalog = await openCatalog(`sqlite:${file}`);
    const { photos } = await extracted(folder, { catalog });
    assert.is(await catalog.unextracted(), null);
    const database = new Database(file);
    database.exec(`UPDATE fish_data SET fingerprint = ${older} WHERE split = 'val'`);
    database.close();
    assert.is(await catalog.unextracted(), photos.find(({ split }) => split === 'val')?.url);
    await extracted(folder, { catalog });
    assert.is(await catalog.unextracted(), null);
    await catalog.close();
  }
});

test('an interrupted extraction leaves the catalog as it was', async () => {
  const { catalog } = await extracted(await data());
  const abort = new AbortController();
  abort.abort(new Error('stop'));
  try {
    await extracted(await data(), { catalog, signal: abort.signal });
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'stop');
  }
  assert.is((await catalog.photos()).length, 6);
});

test('a folder without photos is named with what was expected', async () => {
  const folder = temporaryFolder();
  await writeFiles(folder, { 'Catfish/a.jpg': await picture('a.jpg', red) });
  const error = await failsWith('NOT_FOUND', () => extracted(folder));
  assert.match(error.message, /train\/<label>\/<photo>/);
  await failsWith('NOT_FOUND', () => extracted(path.join(folder, 'nowhere')));
});

test('photos without split folders can be taken as one split', async () => {
  const folder = temporaryFolder();
  await writeFiles(folder, { 'Catfish/a.jpg': await picture('a.jpg', red) });
  const { photos } = await extracted(folder, { unsplit: 'test' });
  assert.equal(
    photos.map(({ split, label }) => [split, label]),
    [['test', 'Catfish']],
  );
});

test.run();
