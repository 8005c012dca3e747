import './support/small-network.js';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { CatalogPhoto } from '../lib/catalog/catalog.js';
import { openCatalog } from '../lib/catalog/open.js';
import { guard as guardCommand } from '../lib/commands/guard.js';
import { trainOnly } from '../lib/commands/run.js';
import { doubting } from '../lib/commands/training/doubting.js';
import type { Settings } from '../lib/config.js';
import { describe } from '../lib/faces/event-lines.js';
import type { Evidence, NearDuplicate } from '../lib/fingerprints/near-duplicates.js';
import { writeTorchFile } from '../lib/model/formats/write-torch-file.js';
import { loadWeights } from '../lib/model/weights.js';
import { PixelCache } from '../lib/photos/cache.js';
import { PhotoReader } from '../lib/photos/reader.js';
import type { GillnetEvent } from '../lib/pipeline/events.js';
import { guard } from '../lib/pipeline/guard.js';
import { Pictures } from '../lib/pipeline/pictures.js';
import { foldsOf } from '../lib/pipeline/split.js';
import { Run } from '../lib/runs.js';
import { openStore } from '../lib/store/open.js';
import { failsWith } from './support/errors.js';
import { collect, eventsOf, ofType } from './support/events.js';
import { photo, picture, writeFiles } from './support/photos.js';
import { suite, temporaryFolder } from './support/suite.js';
import { writeRandomWeights } from './support/weights.js';

const test = suite('doubted labels');

const work = temporaryFolder();
const data = path.join(work, 'data');
const weights = path.join(work, 'resnet18.pth');
const settings: Settings = {
  ...{ catalog: `sqlite:${path.join(work, 'catalog.db')}`, device: 'auto', policy: 'quarantine' },
  ...{ models: path.join(work, 'models'), runs: path.join(work, 'runs'), split: 'test' },
  ...{ validation: 'split', valFraction: 0.2, memory: 1e9, downloadCache: 0, threads: 1 },
  ...{ data, weights },
};
const brief: Settings = { ...settings, epochs: 1, batchSize: 8, imageSize: 64 };

/** The colour tells the label, but of these two. */
const wrong = ['test/Perch/9.png', 'train/Carp/13.png'];

async function makeData(): Promise<void> {
  const files: Record<string, Buffer> = {};
  for (const [label, red] of Object.entries({ Carp: 220, Perch: 30 })) {
    for (const [split, count] of Object.entries({ train: 14, test: 10 })) {
      for (let index = 0; index < count; index += 1) {
        const key = `${split}/${label}/${index}.png`;
        const isWrong = wrong.includes(key);
        const colour = { r: isWrong ? 250 - red : red, g: 40 + index, b: isWrong ? 95 : 90 };
        const size = { width: 64 + index, height: 64 + split.length };
        files[key] = await picture('x.png', colour, size);
      }
    }
  }
  // Of a label with fewer photos than there are folds nothing can be said.
  for (let index = 0; index < 3; index += 1) {
    files[`train/Eel/${index}.png`] = await picture('x.png', { r: 0, g: 200, b: index });
  }
  await writeFiles(data, files);
  // Random convolutions tell colours apart, too.
  await writeRandomWeights(weights, 7);
}

const keys = (events: GillnetEvent[]) =>
  ofType(events, 'doubted').map(({ photos }) => photos.map((each) => each.photo).sort());

test('the guard tells which labels are wrong, shows the photos and writes the list', async () => {
  await makeData();
  const events = await eventsOf(guardCommand, settings);
  assert.equal(keys(events), [wrong]);
  const [doubted] = ofType(events, 'doubted') as [GillnetEvent<'doubted'>];
  assert.is(doubted.checked, 48);
  const perch = doubted.photos.find(({ label }) => label === 'Perch');
  assert.equal(perch, {
    ...{ photo: wrong[0], split: 'test', label: 'Perch', suggested: 'Carp' },
    quality: perch?.quality,
  });
  assert.ok((perch?.quality ?? 1) < 0.5);
  const [first, second] = doubted.photos.map(({ quality }) => quality) as [number, number];
  assert.ok(first <= second, 'the worst first');
  assert.equal(
    ofType(events, 'picture').map((told) => told.photo),
    doubted.photos.map((told) => told.photo),
  );
  const list = JSON.parse(await readFile(doubted.list ?? '', 'utf8'));
  assert.equal(list, { checked: 48, photos: doubted.photos });
  assert.match(
    describe(doubted) ?? '',
    /^doubted: 2 of 48 labels look wrong, such as \S+ \((Perch, rather Carp|Carp, rather Perch)\); list: \S+doubt\.json$/,
  );
});

test('without weights the guard says how to look at labels, and fetches none', async () => {
  const { weights: _, ...unweighted } = settings;
  process.env.GILLNET_CACHE = path.join(work, 'cache');
  const events = await eventsOf(guardCommand, unweighted);
  assert.equal(keys(events), []);
  const { message } = ofType(events, 'warning').at(-1) as GillnetEvent<'warning'>;
  assert.match(message, /Labels were not looked at: .*`--weights FILE`/);
});

test('a training tells it before it begins, unless labels are trusted or weights random', async () => {
  const atBegin = (event: GillnetEvent) => event.type === 'started';
  const events = await eventsOf(trainOnly, brief, atBegin);
  assert.equal(keys(events), [wrong]);
  const types = events.map(({ type }) => type);
  assert.ok(types.indexOf('doubted') < types.indexOf('started'));
  const [started] = ofType(events, 'started') as [GillnetEvent<'started'>];
  assert.is(started.trainPhotos + started.valPhotos, 31, 'nothing is taken out');
  for (const changes of [{ trustLabels: true }, { weights: 'none' }]) {
    const without = await eventsOf(trainOnly, { ...brief, ...changes }, atBegin);
    assert.equal(keys(without), []);
    assert.is(ofType(without, 'started').length, 1);
  }
});

test('a training that is stopped meanwhile can be resumed, and does not look again', async () => {
  const stopped = await eventsOf(
    trainOnly,
    brief,
    (event) => event.type === 'progress' && event.stage === 'doubt',
  );
  assert.equal(keys(stopped), []);
  const [done] = ofType(stopped, 'done');
  assert.is(done?.interrupted, true);
  const resumed = await eventsOf(trainOnly, { ...settings, resume: done?.run ?? '' });
  assert.equal(keys(resumed), []);
  assert.is(ofType(resumed, 'done')[0]?.interrupted, false);
});

test('photos are looked at in 160 pixels at least, and kept where the training reads them so', async () => {
  const catalog = await openCatalog(settings.catalog);
  const photos = guard(await catalog.photos(), 'quarantine').kept;
  await catalog.close();
  const store = await openStore(data);
  const loaded = await loadWeights(weights);
  for (const [imageSize, some, found, kept] of [
    // Of one label nothing can be said.
    [64, photos.slice(0, 10), [], 0],
    [192, photos, wrong, photos.length * 192 * 192 * 3],
  ] as const) {
    const cache = new PixelCache(1e9);
    const reader = new PhotoReader(store, cache);
    const run = await Run.create(settings.runs);
    const { signal } = new AbortController();
    const input = {
      ...{ weights: loaded, parts: [some], reader, pictures: new Pictures(), imageSize },
      ...{ seed: 1, run, signal },
    };
    const { events } = await collect(doubting(input));
    assert.equal(keys(events), [found]);
    assert.is(cache.bytes, kept);
  }
});

test('weights of another architecture are refused', async () => {
  const other = path.join(work, 'other.pth');
  const { state } = await loadWeights(weights);
  const { 'conv1.weight': _, ...less } = state;
  await writeFiles(work, { 'other.pth': writeTorchFile({ state: less, records: new Map() }) });
  await failsWith('BAD_MODEL_FILE', () => eventsOf(guardCommand, { ...settings, weights: other }));
});

test('what can not be read or written stops nothing', async () => {
  const store = await openStore(data);
  const reader = new PhotoReader(store, new PixelCache(0));
  const broken = photo({ key: 'train/Carp/gone.png', label: 'Carp' });
  const placed = [broken];
  for await (const { key, etag } of store.list()) {
    const { sha256 } = photo({ key });
    const [split, label] = key.split('/') as [CatalogPhoto['split'], string];
    placed.push(photo({ key, etag, sha256, split, label }));
  }
  const photos = guard(placed, 'quarantine').kept;
  const run = await Run.create(settings.runs);
  const { signal } = new AbortController();
  const pictures = new Pictures();
  const loaded = await loadWeights(weights);
  const input = { ...{ weights: loaded, parts: [photos], reader, pictures, seed: 1 }, run, signal };
  const { events: unread } = await collect(doubting(input));
  // None is what its SHA-256 says.
  assert.is(ofType(unread, 'doubted')[0]?.checked, 0);
  assert.match(describe(ofType(unread, 'doubted')[0] as GillnetEvent) ?? '', /no label has enough/);
  await rm(run.folder, { recursive: true });
  const { events: unwritten } = await collect(doubting(input));
  assert.equal(keys(unwritten), []);
  const [warning] = ofType(unwritten, 'warning');
  assert.is(warning?.code, 'IO');
  assert.match(warning?.message ?? '', /^Labels could not be looked at: Can't write /);
});

test('folds are stratified, seeded, and never part a group', () => {
  const labelled = Array.from({ length: 60 }, (_, index) =>
    photo({ key: `${index}`, label: index % 3 === 0 ? 'a' : index < 53 ? 'b' : 'rare' }),
  );
  // Eight photos of b show one thing; the others stand for themselves.
  const [first, ...others] = labelled.filter(({ label }) => label === 'b').slice(0, 8);
  const near = others.map(
    ({ pixelHash }): NearDuplicate => ({
      ...{ a: first?.pixelHash ?? '', b: pixelHash, kind: 'same photo' },
      evidence: {} as Evidence,
    }),
  );
  const photos = guard(labelled, 'quarantine', near).kept;
  const same = new Set(photos.filter(({ group }) => group === first?.key));
  const rare = photos.filter(({ label }) => label === 'rare');
  assert.is(rare.length, 5);
  const folds = foldsOf(photos, 6, 1);
  assert.is(folds.size, 55);
  assert.not.ok(
    rare.some((each) => folds.has(each)),
    'fewer groups than folds',
  );
  assert.is(new Set([...same].map((each) => folds.get(each))).size, 1);
  const sizesOf = (label: string) =>
    Array.from(
      { length: 6 },
      (_, fold) => [...folds].filter(([each, of]) => each.label === label && of === fold).length,
    ).sort();
  assert.equal(sizesOf('a'), [3, 3, 3, 3, 4, 4]);
  assert.equal(sizesOf('b'), [5, 5, 5, 6, 6, 8]);
  assert.equal(foldsOf(photos, 6, 1), folds);
  assert.not.equal([...foldsOf(photos, 6, 2)], [...folds]);
});

test.run();
