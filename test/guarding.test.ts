import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { changes } from '../bench/variants.js';
import { openCatalog } from '../lib/catalog/open.js';
import { guarding } from '../lib/commands/guarding.js';
import { readerOf } from '../lib/commands/places.js';
import type { Settings } from '../lib/config.js';
import { examine } from '../lib/fingerprints/examine.js';
import { nearDuplicatesInThread } from '../lib/fingerprints/thread.js';
import { extract } from '../lib/pipeline/extract.js';
import { Pictures } from '../lib/pipeline/pictures.js';
import { random } from '../lib/random.js';
import { Run } from '../lib/runs.js';
import { Spool } from '../lib/spool.js';
import { openStore } from '../lib/store/open.js';
import { failsWith } from './support/errors.js';
import { collect, ofType } from './support/events.js';
import { busyPicture, picture, writeFiles } from './support/photos.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('guarding');

/** Photos of a folder, guarded as a command does it. */
async function guarded(files: Record<string, Uint8Array>, changed: Partial<Settings> = {}) {
  const folder = temporaryFolder();
  await writeFiles(folder, files);
  const store = await openStore(folder);
  const catalog = await openCatalog('sqlite::memory:');
  await collect(extract({ store, catalog }));
  const settings = {
    policy: 'quarantine',
    validation: 'split',
    memory: 1e6,
    ...changed,
  } as Settings;
  const reader = readerOf(store, settings);
  return {
    ...(await catalog.fingerprinted(settings.memory)),
    pictures: new Pictures((photo) => reader.thumbnail(photo)),
    settings,
    run: await Run.create(temporaryFolder()),
    signal: new AbortController().signal,
  };
}

async function varied(index: number, ...names: string[]): Promise<Buffer> {
  let photo = await busyPicture(index);
  for (const name of names) {
    photo = (await changes[name]?.(photo, random(5, name, index))) as Buffer;
  }
  return photo;
}

test('versions of a photo on both sides of a split are found, quarantined, listed and shown', async () => {
  const input = await guarded({
    'train/a/1.jpg': await busyPicture(1),
    'train/a/2.jpg': await busyPicture(2),
    'train/b/3.jpg': await busyPicture(3),
    'train/b/4.jpg': await busyPicture(4),
    'test/a/cropped.jpg': await varied(1, 'crop 85 %', 'JPEG 30'),
    'test/b/mirrored.jpg': await varied(3, 'mirror'),
    'test/b/5.jpg': await busyPicture(5),
  });
  const { events, result } = await collect(guarding(input));
  const [told] = ofType(events, 'guarded');
  assert.equal(
    [told?.groups, told?.leaks, told?.quarantined, told?.seen.test],
    [2, 2, 2, { photos: 2, of: 3 }],
  );
  assert.equal(Object.values(told?.kinds ?? {}), [0, 0, 2, 0]);
  assert.equal(
    result.map(({ key }) => key),
    ['test/a/cropped.jpg', 'test/b/5.jpg', 'test/b/mirrored.jpg', 'train/a/2.jpg', 'train/b/4.jpg'],
  );
  const { groups } = JSON.parse(await readFile(told?.list as string, 'utf8'));
  assert.equal(
    groups.map(({ kind, photos }: { kind: string; photos: string[] }) => [kind, ...photos]),
    [
      ['same photo', 'test/a/cropped.jpg', 'train/a/1.jpg'],
      ['same photo', 'test/b/mirrored.jpg', 'train/b/3.jpg'],
    ],
  );
  assert.ok(groups[0].ties[0].evidence.inliers >= 5);
  const shown = ofType(events, 'paired').flatMap(({ photos }) => photos.map(({ photo }) => photo));
  assert.equal(
    shown,
    groups.flatMap(({ photos }: { photos: string[] }) => photos),
  );
  const pictured = ofType(events, 'picture').map(({ photo }) => photo);
  assert.equal(new Set(pictured), new Set(shown));
  assert.is(pictured.length, shown.length, 'each once');
});

test('what disputes is shown first, then what leaks, each between splits where it can be', async () => {
  const [copy, plain] = [await busyPicture(1), await picture('x.png', { r: 9, g: 9, b: 9 })];
  const input = await guarded({
    ...{ 'train/a/1.jpg': copy, 'train/a/2.jpg': copy, 'test/a/3.jpg': copy },
    ...{ 'train/a/4.png': plain, 'train/b/5.png': plain },
  });
  const { events } = await collect(guarding(input));
  assert.equal(
    ofType(events, 'paired').map(({ conflict, photos }) => [
      conflict,
      ...photos.map(({ photo }) => photo),
    ]),
    [
      [true, 'train/a/4.png', 'train/b/5.png'],
      [false, 'test/a/3.jpg', 'train/a/1.jpg'],
    ],
  );
});

test('the policy fail ends with the list written, before anything is trained', async () => {
  const copy = await busyPicture(1);
  const input = await guarded({ 'train/a/1.jpg': copy, 'test/a/1.jpg': copy }, { policy: 'fail' });
  const error = await failsWith('LEAK', () => collect(guarding(input)));
  assert.match(error.message, /guard\.json/);
  assert.is(error.exitCode, 1);
  const list = await readFile(path.join(input.run.pathOf('guard.json')), 'utf8');
  assert.is(JSON.parse(list).groups.length, 1);
});

test('what takes no part is not looked at, a val/ that is not asked for', async () => {
  const copy = await busyPicture(1);
  const files = {
    'train/a/1.jpg': copy,
    'val/a/1.jpg': copy,
    'test/a/2.jpg': await busyPicture(2),
  };
  const without = await collect(guarding(await guarded(files)));
  assert.is(ofType(without.events, 'guarded')[0]?.groups, 0);
  const withVal = await collect(guarding(await guarded(files, { validation: 'catalog' })));
  assert.equal(ofType(withVal.events, 'guarded')[0]?.seen.val, { photos: 1, of: 1 });
});

test('a search is given up at once when it is stopped, and damaged fingerprints are told', async () => {
  const { fingerprint } = await examine(await busyPicture(1));
  const spool = new Spool();
  const whole = spool.add(fingerprint);
  const photos = Array.from({ length: 3000 }, (_, id) => ({ id: String(id), fingerprint: whole }));
  const abort = new AbortController();
  const options = { memory: 1e9, signal: abort.signal };
  const search = nearDuplicatesInThread(photos, spool, options);
  const began = performance.now();
  abort.abort(new Error('stopped'));
  await search.then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'stopped'),
  );
  assert.ok(performance.now() - began < 1000);
  const damaged = Uint8Array.from(fingerprint);
  damaged[100] = (damaged[100] ?? 0) ^ 1;
  const broken = [{ id: 'a', fingerprint: spool.add(damaged) }];
  await failsWith('DAMAGED', () => nearDuplicatesInThread(broken, spool, { memory: 1e9 }));
  spool.close();
});

test.run();
