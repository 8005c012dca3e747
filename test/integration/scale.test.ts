import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Connection } from 'mysql2/promise';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import type { CatalogPhoto } from '../../lib/catalog/catalog.js';
import { openCatalog } from '../../lib/catalog/open.js';
import { guarding } from '../../lib/commands/guarding.js';
import { Classifier } from '../../lib/model/classifier.js';
import { extract } from '../../lib/pipeline/extract.js';
import { guard } from '../../lib/pipeline/guard.js';
import { decodeAhead } from '../../lib/pipeline/judge.js';
import { pairsOf } from '../../lib/pipeline/pairs.js';
import { Pictures } from '../../lib/pipeline/pictures.js';
import { recipes } from '../../lib/pipeline/recipes.js';
import { train } from '../../lib/pipeline/train.js';
import { Run } from '../../lib/runs.js';
import { photosNamed, rowsOf, withCatalog } from '../support/catalogs.js';
import { collect } from '../support/events.js';
import { onEachDatabase } from '../support/mysql.js';
import { photo } from '../support/photos.js';
import { newStore, onEach } from '../support/s3.js';
import { suite, temporaryFolder } from '../support/suite.js';

/** What a photo takes where there are few and many of them: counted, since clocks are read on busy machines, too. */
const test = suite('what a photo takes among many');

onEachDatabase(test, 'statements of a catalog', async (server, database, root) => {
  const took = async (count: number) =>
    withCatalog(server.address(database), async (catalog) => {
      const before = await statements(root);
      await catalog.replaceAll(photosNamed('many', count));
      assert.is((await catalog.photos()).length, count);
      return (await statements(root)) - before;
    });
  const [few, many] = [await took(2_000), await took(20_000)];
  assert.ok(many <= 20_000 / 50, `${many} statements`);
  assert.ok(many / 20_000 <= (1.2 * few) / 2_000, `${few}, then ${many} statements`);
});

onEach(
  test,
  'requests of an extraction, and of the next that finds nothing new',
  async (_, server) => {
    const took = async (count: number) => {
      const store = await newStore(server);
      for (let index = 0; index < count; index += 1) {
        await store.create(`train/a/${index}.jpg`, await plainPhoto(index));
      }
      const catalog = await openCatalog('sqlite::memory:');
      try {
        const first = await requestsOf(() => collect(extract({ store, catalog })));
        assert.is((await catalog.photos()).length, count);
        return [first, await requestsOf(() => collect(extract({ store, catalog })))];
      } finally {
        await catalog.close();
      }
    };
    const few = await took(10);
    const many = await took(100);
    assert.is((many[0] as number) - (few[0] as number), 90, 'one more for each photo more');
    assert.is(many[1], few[1], 'a list, whatever its length up to a thousand');
  },
);

test('photos that are read before the first step of an epoch', async () => {
  const readBeforeFirstStep = async (count: number) => {
    const photos = labelled(count);
    const recipe = { ...recipes.scratch, imageSize: 32, decodeSize: 32, epochs: 1 };
    const { optimizer, batchSize } = recipe;
    const classifier = new Classifier({ classes: ['a', 'b'], imageSize: 32, optimizer });
    const stop = new AbortController();
    let reads = 0;
    const read = async () => {
      reads += 1;
      return new Uint8Array(32 * 32 * 3);
    };
    const training = train({
      ...{ classifier, train: photos, val: photos.slice(0, 2), recipe, seed: 1 },
      ...{ readForTraining: read, readForJudging: read, signal: stop.signal },
      keepCheckpoint: async () => {},
    });
    let readByThen = 0;
    for await (const happened of training) {
      if (happened.type !== 'step') continue;
      readByThen ||= reads;
      stop.abort();
    }
    classifier.dispose();
    assert.ok(readByThen >= batchSize);
    return readByThen;
  };
  const few = await readBeforeFirstStep(1_000);
  assert.ok(few <= recipes.scratch.batchSize + 2 * decodeAhead, `${few} photos`);
  assert.is(await readBeforeFirstStep(100_000), few);
});

test('looks at a photo of a group of thousands', async () => {
  const looksAt = async (count: number) => {
    let looks = 0;
    const photos = labelled(count).map((each, index) =>
      Object.defineProperty({ ...each, label: 'a', sha256: hashOf(0) }, 'split', {
        enumerable: true,
        get() {
          looks += 1;
          return index % 5 === 0 ? 'test' : 'train';
        },
      }),
    ) as CatalogPhoto[];
    const { groups, folded, quarantined, kept } = guard(photos, 'quarantine');
    assert.equal([groups.length, folded + quarantined, kept.length], [1, count - 1, 1]);
    await collect(pairsOf(groups, new Pictures()));
    return looks / count;
  };
  const [few, many] = [await looksAt(2_000), await looksAt(20_000)];
  // Sorting takes the logarithm of how many there are.
  assert.ok(many <= 2 * few, `${few}, then ${many} looks`);
});

test('bytes of what the guard writes', async () => {
  const written = async (count: number) => {
    const run = await Run.create(temporaryFolder());
    const photos = Array.from({ length: count }, (_, index) =>
      photo({
        key: `train/a/${index}.jpg`,
        sha256: hashOf(index >> 1),
        pixelHash: hashOf(index >> 1),
      }),
    );
    const { signal } = new AbortController();
    const settings = { policy: 'quarantine', validation: 'split', memory: 1e9 } as never;
    const catalog = await openCatalog('sqlite::memory:');
    await catalog.replaceAll(photos);
    const spooled = await catalog.fingerprinted(0);
    await catalog.close();
    await collect(guarding({ ...spooled, pictures: new Pictures(), settings, run, signal }));
    return (await run.read('guard.json'))?.length ?? 0;
  };
  const [few, many] = [await written(400), await written(4_000)];
  assert.ok(few > 0 && many <= 11 * few, `${few}, then ${many} bytes`);
});

function labelled(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    ...photo({
      key: `train/${index}.jpg`,
      label: 'ab'[index % 2] as string,
      sha256: hashOf(index),
      pixelHash: hashOf(0),
    }),
    ...{ group: `${index}`, seen: false },
  }));
}

function hashOf(index: number): string {
  return index.toString(16).padStart(64, '0');
}

function plainPhoto(index: number): Promise<Buffer> {
  const background = { r: index % 256, g: index >> 8, b: 90 };
  return sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

/** Statements that a server has run so far. */
async function statements(root: Connection): Promise<number> {
  const [row] = await rowsOf(root, "SHOW GLOBAL STATUS LIKE 'Queries'");
  return Number(row?.Value);
}

/** Requests that this process sends over HTTP meanwhile. */
async function requestsOf(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const add = () => {
    count += 1;
  };
  subscribe('http.client.request.start', add);
  await work();
  unsubscribe('http.client.request.start', add);
  return count;
}

test.run();
