import * as assert from 'uvu/assert';
import { readList } from '../../lib/commands/models/list.js';
import { listStored, modelName, publish, readModel } from '../../lib/model/registry.js';
import { readPromotions } from '../../lib/model/stages.js';
import { cached } from '../../lib/store/cached.js';
import { ObjectCache } from '../../lib/store/object-cache.js';
import type { Store, StoredObject } from '../../lib/store/store.js';
import { ended, startGillnet, startModule } from '../support/command.js';
import { failsWith } from '../support/errors.js';
import { modelFile } from '../support/models.js';
import { bytesOf, listed, newStore, objectAt, onEach } from '../support/s3.js';
import { root, suite, temporaryFolder } from '../support/suite.js';

const test = suite('registry in a bucket');

/** Promotes a model to one stage after another, each at a moment at which another process does so, too. */
const promotions = `
  import { promoting } from '${root}dist/lib/commands/models/promote.js';
  const [models, name, began, ...stages] = process.argv.slice(1);
  for (const [at, stage] of stages.entries()) {
    await new Promise((resolve) => setTimeout(resolve, Number(began) + 100 * at - Date.now()));
    await promoting({ models, downloadCache: 1e9, stage }, name);
  }
`;
/** Where two processes meet. */
const stages = Array.from({ length: 20 }, (_, index) => `meeting-${index + 1}`);

onEach(
  test,
  'a part of an object is read by itself, and an object is deleted',
  async (_, server) => {
    const store = await newStore(server);
    const body = bytesOf('part', 300_000);
    await store.create('a b/é.pt', body);
    const object = await objectAt(store, 'a b/é.pt');
    for (const [start, end] of [
      [0, 1],
      [299_000, 300_000],
      [5, 5],
      [0, 300_000],
    ] as const) {
      const part = await store.getPart(object, start, end);
      assert.ok(part.equals(body.subarray(start, end)), `${start}–${end}`);
    }
    await store.remove(object.key);
    await store.remove(object.key);
    assert.equal(await listed(store), []);
    await failsWith('NOT_FOUND', () => store.getPart(object, 0, 1));
    await store.create(object.key, bytesOf('another'));
    const changed = await failsWith('CHANGED', () => store.getPart(object, 0, 1));
    assert.match(changed.message, /é\.pt/);
  },
);

onEach(test, 'list, show, promote and prune work as in a folder', async (_, server) => {
  const store = await newStore(server);
  const cwd = temporaryFolder();
  const env = { ...server.env, GILLNET_MODELS: store.location, GILLNET_CACHE: temporaryFolder() };
  const models = (...args: string[]) => ended(startGillnet(['models', ...args], { cwd, env }));
  assert.match((await models('list')).stdout, /^No model in s3:/);
  const names: string[] = [];
  for (const day of [1, 2, 3, 4]) {
    names.push(
      await publish(store, modelFile({ seed: day }, 2000), new Date(Date.UTC(2026, 0, day))),
    );
  }
  const [first, second, third, fourth] = names as [string, string, string, string];
  await store.create(second.replace('.pt', '.md'), Buffer.from('# card'));

  const promoted = await models('promote', first, '--json');
  assert.is(promoted.status, 0, promoted.stderr);
  assert.is((await readModel(store)).name, first);
  const list = (await models('list')).stdout.trimEnd().split('\n');
  assert.equal(
    list.slice(1, 5).map((line) => /model_\S+/.exec(line)?.[0]),
    [fourth, third, second, `${first}*`],
  );
  assert.match((await models('show')).stdout, /^production +serves it since/m);

  const told = await models('prune', '--keep', '1');
  assert.match(told.stdout, /2 models .* would be deleted/);
  assert.is((await listStored(store)).length, 4);
  const pruned = await models('prune', '--keep', '1', '--yes');
  assert.is(pruned.status, 0, pruned.stderr);
  assert.equal(
    (await listed(store)).map(({ key }) => key),
    [first, fourth, 'stages/production/000001.json'],
  );
});

onEach(test, 'of two processes that promote at once none is lost', async (_, server) => {
  const store = await newStore(server);
  const names = await Promise.all(
    [1, 2].map((day) => publish(store, modelFile({ seed: day }), new Date(Date.UTC(2026, 0, day)))),
  );
  const env = { ...process.env, ...server.env, GILLNET_CACHE: temporaryFolder() };
  const began = `${Date.now() + 2000}`;
  const both = await Promise.all(
    names.map((name) =>
      ended(startModule(promotions, [store.location, name, began, ...stages], { env })),
    ),
  );
  for (const { status, stderr } of both) assert.is(status, 0, stderr);
  for (const stage of stages) {
    const history = await readPromotions(store, { stage });
    assert.equal(
      history.map(({ number }) => number),
      [2, 1],
    );
    assert.equal(history.map(({ model }) => model).sort(), names);
  }
});

onEach(test, 'trainings that publish at once each have their own name', async (_, server) => {
  const store = await newStore(server);
  const time = new Date('2026-03-01T12:00:00Z');
  const files = [1, 2, 3].map((seed) => modelFile({ seed }));
  const names = await Promise.all(files.map((file) => publish(store, file, time)));
  const seconds = [0, 1, 2].map((second) => modelName(new Date(time.getTime() + second * 1000)));
  assert.equal([...names].sort(), seconds);
  for (const [index, name] of names.entries()) {
    assert.is((await readModel(store, name)).description.seed, index + 1);
  }
});

onEach(
  test,
  'a list downloads no weights, and what it has read it asks for no more',
  async (_, server) => {
    const store = await newStore(server);
    for (const day of [1, 2]) {
      await publish(store, modelFile({ seed: day }, 2000), new Date(Date.UTC(2026, 0, day)));
    }
    const parts: number[] = [];
    const counted = {
      ...{ location: store.location, urlOf: (key: string) => store.urlOf(key) },
      list: (prefix?: string) => store.list(prefix),
      getPart(object: StoredObject, start: number, end: number) {
        parts.push(end - start);
        return store.getPart(object, start, end);
      },
    } as Store;
    const through = cached(counted, new ObjectCache(temporaryFolder(), 1e9));
    for (const _time of [1, 2]) {
      const { models } = await readList(through);
      assert.equal(
        models.map(({ description }) => description?.seed),
        [2, 1],
      );
      assert.equal(parts, [128 * 1024, 128 * 1024], 'of 2 MB each');
    }
  },
);

test.run();
