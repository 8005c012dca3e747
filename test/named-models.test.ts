import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { writeTorchFile } from '../lib/model/formats/write-torch-file.js';
import { listModels, modelName, publish, readModel } from '../lib/model/registry.js';
import { openStore } from '../lib/store/open.js';
import { failsWith } from './support/errors.js';
import { modelFile } from './support/models.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('names of models');

test('models are published under names of their time and never overwritten', async () => {
  const folder = temporaryFolder();
  const store = await openStore(folder);
  const time = new Date('2026-12-31T23:59:59.987Z');
  assert.is(modelName(time), 'model_v1_20261231T235959Z.pt');
  const names = await Promise.all([1, 2, 3].map((n) => publish(store, Buffer.of(n), time)));
  const expected = ['20261231T235959Z', '20270101T000000Z', '20270101T000001Z'];
  assert.equal(
    [...names].sort(),
    expected.map((each) => `model_v1_${each}.pt`),
  );
  for (const [index, name] of names.entries()) {
    assert.equal(readFileSync(path.join(folder, name)), Buffer.of(index + 1));
  }
  await store.create('model_v1_latest.pt', Buffer.of(9));
  await store.create('old/model_v1_20290101T000000Z.pt', Buffer.of(9));
  assert.equal(await listModels(store), [...names].sort().reverse());
});

test('a model is read as the newest, by name or by path', async () => {
  const folder = temporaryFolder();
  const store = await openStore(folder);
  const none = await failsWith('NO_MODEL', () => readModel(store));
  assert.match(none.message, /gillnet train/);

  const encoded = (seed: number) => modelFile({ seed });
  const older = await publish(store, encoded(1), new Date('2026-01-01T00:00:00Z'));
  const newer = await publish(store, encoded(2), new Date('2026-02-01T00:00:00Z'));
  const elsewhere = path.join(temporaryFolder(), 'copy.pt');
  writeFileSync(elsewhere, encoded(3));
  // As the original service names them.
  await store.create('model_v1_1761836094.pt', encoded(4));
  const read = async (name?: string) => {
    const model = await readModel(store, name);
    return [model.name, model.description.seed];
  };
  assert.equal(await read(), [newer, 2]);
  assert.equal(await read(older), [older, 1]);
  assert.equal(await read(elsewhere), [elsewhere, 3]);
  assert.equal(await read('model_v1_1761836094.pt'), ['model_v1_1761836094.pt', 4]);
  await failsWith('NOT_FOUND', () => readModel(store, 'model_v1_20250101T000000Z.pt'));
  const missing = await failsWith('NOT_FOUND', () => readModel(store, `${elsewhere}.gone`));
  assert.match(missing.message, /copy\.pt\.gone.*gillnet models list/);

  await publish(store, writeTorchFile({ state: {}, records: new Map() }));
  await failsWith('BAD_MODEL_FILE', () => readModel(store));
});

test.run();
