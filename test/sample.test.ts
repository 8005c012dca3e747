import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { openCatalog } from '../lib/catalog/open.js';
import { extract } from '../lib/pipeline/extract.js';
import { guard } from '../lib/pipeline/guard.js';
import { random } from '../lib/random.js';
import { drawPhoto } from '../lib/sample/scene.js';
import { species } from '../lib/sample/species.js';
import { writeSample } from '../lib/sample/write.js';
import { openStore } from '../lib/store/open.js';
import { failsWith } from './support/errors.js';
import { collect } from './support/events.js';
import { writeFiles } from './support/photos.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('sample');
const folder = path.join(temporaryFolder(), 'sample');
/** A sixth of what is drawn for people. */
const perClass = { train: 15, test: 6 };

test('the sample is a real job: five labels, leaks, copies, a broken photo and a file that is none', async () => {
  await collect(writeSample(folder, { seed: 1, perClass }));
  const catalog = await openCatalog('sqlite::memory:');
  const { events } = await collect(extract({ store: await openStore(folder), catalog }));
  const extracted = events.at(-1);
  assert.is(extracted?.type === 'extracted' && Object.keys(extracted.labels).length, 5);
  assert.is(events.filter((event) => event.type === 'skipped').length, 1);
  const { leaks, folded, kept } = guard(await catalog.photos(), 'quarantine');
  assert.equal({ leaks, folded }, { leaks: 8, folded: 3 });
  const labels = species.map(({ label }) => label).sort();
  for (const [split, count] of Object.entries(perClass)) {
    for (const label of labels) {
      assert.is(
        kept.filter((photo) => photo.split === split && photo.label === label).length,
        count,
        `${split}/${label}`,
      );
    }
  }
});

test('one that is there is kept; another one’s folder is not touched', async () => {
  const { events } = await collect(writeSample(folder, { seed: 1, perClass }));
  assert.is(events.length, 0, 'nothing was drawn again');
  const own = temporaryFolder();
  await writeFiles(own, { 'mine.txt': 'mine' });
  await failsWith('EXISTS', () => collect(writeSample(own, { seed: 1 })));
  assert.is(await readFile(path.join(own, 'mine.txt'), 'utf8'), 'mine');
  await writeFiles(own, { 'sample.json': '{"taken":"2020-05-01"}' });
  for (const place of [own, path.join(own, 'mine.txt')]) {
    await failsWith('EXISTS', () => collect(writeSample(place, { seed: 1 })));
  }
  assert.is(await readFile(path.join(own, 'mine.txt'), 'utf8'), 'mine');
  await writeFiles(folder, { 'train/Catfish/mine.jpg': 'mine' });
  await failsWith('EXISTS', () => collect(writeSample(folder, { seed: 2, perClass })));
  assert.is((await collect(writeSample(folder, { perClass }))).events.length, 0, 'any will do');
  assert.is(await readFile(path.join(folder, 'train/Catfish/mine.jpg'), 'utf8'), 'mine');
});

test('an interrupted drawing leaves nothing', async () => {
  const parent = temporaryFolder();
  const abort = new AbortController();
  try {
    for await (const { total } of writeSample(path.join(parent, 's'), {
      ...{ seed: 2, signal: abort.signal },
    })) {
      assert.is(total, 620, 'as many as the README tells');
      abort.abort(new Error('stop'));
    }
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /stop/);
  }
  assert.equal(await readdir(parent), []);
});

test('the same seed draws the same photo, another one another', async () => {
  const [kind] = species as [(typeof species)[number]];
  const draw = (seed: number) => drawPhoto(kind, random(seed, 'x'));
  assert.equal(await draw(1), await draw(1));
  assert.not.equal((await draw(1)).bytes, (await draw(2)).bytes);
});

test.run();
