import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { pruning } from '../lib/commands/models/prune.js';
import type { Settings } from '../lib/config.js';
import { readDescription } from '../lib/model/excerpt.js';
import { decodeModel, encodeModel } from '../lib/model/model-file.js';
import { publish, readModel } from '../lib/model/registry.js';
import { promote, servedBy } from '../lib/model/stages.js';
import { sha256Of } from '../lib/sha256.js';
import { openStore } from '../lib/store/open.js';
import { freePort } from './servers/ports.js';
import { failsWith } from './support/errors.js';
import { gillnetHere } from './support/here.js';
import { descriptionWith, modelFile } from './support/models.js';
import { suite, temporaryFolder } from './support/suite.js';
import { float32 } from './support/tensors.js';

const test = suite('registry');

const day = (number: number) => new Date(Date.UTC(2026, 0, number));
const nameOf = (number: number) => `model_v1_202601${String(number).padStart(2, '0')}T000000Z.pt`;

/** A folder with models of the first days of 2026. */
async function registryOf(...files: Buffer[]) {
  const folder = temporaryFolder();
  const store = await openStore(folder);
  for (const [index, file] of files.entries()) await publish(store, file, day(index + 1));
  return { folder, store };
}

const gillnet = (folder: string, ...args: string[]) =>
  gillnetHere(['models', ...args], { cwd: folder, env: { GILLNET_MODELS: folder } });

/** Reads a description as from a file, and tells how many of its bytes were read. */
async function described(file: Buffer) {
  let bytes = 0;
  const description = await readDescription(file.length, 'model.pt', async (start, end) => {
    bytes += end - start;
    return file.subarray(start, end);
  });
  return { description, bytes };
}

test('what a model says of itself is read without its weights', async () => {
  const file = modelFile({ classes: ['Meeräsche 🐟', 'b'] }, 4000);
  const { description, bytes } = await described(file);
  assert.equal(description, decodeModel(file, 'model.pt').description);
  assert.is(bytes, 128 * 1024, `of ${file.length}`);
});

test('a record or a directory longer than the first look is read by itself', async () => {
  const classes = Array.from({ length: 30_000 }, (_, index) => `class ${index}`);
  const long = modelFile({ classes }, 4000);
  const read = await described(long);
  assert.equal(read.description.classes, classes);
  assert.ok(read.bytes < long.length / 2, `${read.bytes} of ${long.length}`);

  const tensors = Array.from({ length: 3000 }, (_, index) => [`w${index}`, float32([1], [index])]);
  const state = Object.fromEntries(tensors);
  const wide = await described(encodeModel({ description: descriptionWith(), state }));
  assert.equal(wide.description.classes, ['cat', 'dog']);
});

test('every byte of the record that is wrong, and every end that is missing, is noticed', async () => {
  const file = modelFile();
  const at = file.indexOf('formatVersion');
  for (const offset of [0, 5, 40, 200]) {
    const changed = Buffer.from(file);
    changed[at + offset] = (changed[at + offset] as number) ^ 1;
    const error = await failsWith('BAD_MODEL_FILE', () => described(changed));
    assert.match(error.message, /^model\.pt .*checksum/);
  }
  for (const length of [0, 10, 100, at, file.length - 30, file.length - 1]) {
    await failsWith('BAD_MODEL_FILE', () => described(file.subarray(0, length)));
  }
  await failsWith('BAD_MODEL_FILE', () => described(Buffer.alloc(300_000, 'PK\x05\x06')));
});

test('production goes before the newest, and a stage is a name for what it serves', async () => {
  const { store } = await registryOf(modelFile(), modelFile({ seed: 2 }), modelFile({ seed: 3 }));
  const promoted = async (number: number, stage: string) => {
    const bytes = await readFile(path.join(store.location, nameOf(number)));
    return promote(store, stage, { model: nameOf(number), sha256: sha256Of(bytes) });
  };
  assert.is((await readModel(store)).name, nameOf(3));
  await promoted(1, 'production');
  await promoted(2, 'staging');
  assert.is((await readModel(store)).name, nameOf(1));
  assert.is((await readModel(store, 'staging')).name, nameOf(2));
  assert.is((await readModel(store, nameOf(3))).description.seed, 3);

  const { before, promotion } = await promoted(2, 'production');
  assert.equal([before?.model, promotion.number], [nameOf(1), 2]);
  const again = await promoted(2, 'production');
  assert.is(again.promotion.number, 2, 'what is served already is not promoted again');
  assert.equal(await readdir(path.join(store.location, 'stages', 'production')), [
    '000001.json',
    '000002.json',
  ]);
  await failsWith('USAGE', () => promoted(1, 'No Stage'));
});

test('a promoted model that was changed, or is gone, is not served', async () => {
  const { store } = await registryOf(modelFile(), modelFile({ seed: 2 }));
  const file = path.join(store.location, nameOf(1));
  const sha256 = sha256Of(await readFile(file));
  await promote(store, 'production', { model: nameOf(1), sha256 });
  await writeFile(file, modelFile({ seed: 9 }));
  const changed = await failsWith('DAMAGED', () => readModel(store));
  assert.match(changed.message, /20260101.* promoted to production .*models promote/s);
  await store.remove(nameOf(1));
  await store.remove(nameOf(1));
  const gone = await failsWith('NOT_FOUND', () => readModel(store));
  assert.match(gone.message, /production serves model_v1_20260101/);
  assert.is((await readModel(store, nameOf(2))).name, nameOf(2));
});

test('a damaged promotion is named, and another goes over it', async () => {
  const { store } = await registryOf(modelFile());
  await store.create('stages/production/000007.json', Buffer.from('{"model":'));
  await failsWith('DAMAGED', () => readModel(store));
  const { promotion, before } = await promote(store, 'production', {
    ...{ model: nameOf(1), sha256: sha256Of(modelFile()) },
  });
  assert.equal([promotion.number, before], [8, null]);
  assert.is((await readModel(store)).name, nameOf(1));
});

test('promotions at once follow each other: none is lost, and each knows what it went over', async () => {
  const { store } = await registryOf(modelFile());
  const models = Array.from({ length: 20 }, (_, index) => `model ${index}`);
  const made = await Promise.all(
    models.map((model) => promote(store, 'production', { model, sha256: '' })),
  );
  const byNumber = made.sort((a, b) => a.promotion.number - b.promotion.number);
  assert.equal(
    byNumber.map(({ promotion }) => promotion.number),
    models.map((_, index) => index + 1),
  );
  assert.equal(
    byNumber.map(({ before }) => before?.model),
    [undefined, ...byNumber.slice(0, -1).map(({ promotion }) => promotion.model)],
  );
  const all = byNumber.map(({ promotion }) => promotion);
  for (const [index, { meanwhile }] of byNumber.entries()) {
    assert.equal(meanwhile, all.slice(index - meanwhile.length, index));
  }
  assert.ok(
    byNumber.some(({ meanwhile }) => meanwhile.length > 0),
    'they did meet',
  );
  assert.is((await servedBy(store, 'production'))?.model, byNumber.at(-1)?.promotion.model);
});

test('the list has a line for each model: figures, data, parent, stages, damage', async () => {
  const parent = { model: nameOf(1), sha256: 'cd'.repeat(32) };
  const { folder, store } = await registryOf(
    modelFile({ metrics: { epoch: 1, valAccuracy: 0.5 } }),
    modelFile({ parent, dataFingerprint: '12345678'.repeat(8), architecture: 'resnet50' }),
    Buffer.from('no model'),
    modelFile({ recipe: null, metrics: null, dataFingerprint: null }),
  );
  const figures = { split: 'test', accuracy: 0.625, photos: 16 };
  await store.create(
    nameOf(2).replace('.pt', '.metrics.json'),
    Buffer.from(JSON.stringify(figures)),
  );
  await store.create('other.pt', Buffer.from('of another program'));
  const { stdout: said, status } = await gillnet(folder, 'promote', nameOf(2));
  assert.is(status, 0);
  assert.match(said, /production serves model_v1_20260102/);

  const lines = (await gillnet(folder, 'list')).stdout.trimEnd().split('\n');
  assert.match(
    lines[1] ?? '',
    /^ 1 model_v1_20260104T000000Z\.pt +resnet18 +2 +– +– +– +\d+\w +–$/,
  );
  assert.match(lines[2] ?? '', /^ 2 model_v1_20260103T000000Z\.pt +damaged: .*not a whole model/);
  assert.match(
    lines[3] ?? '',
    /^ 3 model_v1_20260102T000000Z\.pt\* +resnet50 +2 +75\.0 % +62\.5 % +12345678 +\d+\w +4$/,
  );
  assert.match(lines[4] ?? '', /^ 4 model_v1_20260101T000000Z\.pt +resnet18 +2 +50\.0 %/);
  assert.match(lines[5] ?? '', /^\* production serves model_v1_20260102T000000Z\.pt, promoted/);
  assert.is(lines.length, 6);
  for (const line of [lines[0], lines[1], lines[3], lines[4]]) assert.ok((line ?? '').length <= 80);

  const told = (await gillnet(folder, 'list', '--json')).events as unknown as Record<
    string,
    unknown
  >[];
  assert.equal(
    told.map(({ model }) => model),
    [4, 3, 2, 1].map(nameOf),
  );
  assert.equal(told[2]?.stages, ['production']);
  assert.equal(told[2]?.test, { accuracy: 0.625, photos: 16 });
  assert.equal(told[2]?.parent, parent);
  assert.is(told[1]?.dataFingerprint, undefined);

  const shown = (await gillnet(folder, 'show')).stdout;
  assert.match(shown, /^network +ResNet-50, 64² pixels$/m);
  assert.match(shown, /^parent +model_v1_20260101T000000Z\.pt, SHA-256 cdcd/m);
  assert.match(shown, /^production +serves it since 20\d\d-/m);
});

test('only what is there and can be used is promoted', async () => {
  const { folder } = await registryOf(modelFile(), Buffer.from('no model'));
  await writeFile(path.join(folder, 'elsewhere.pt'), modelFile());
  const refusals: [string[], RegExp][] = [
    [['promote', nameOf(9)], /NOT_FOUND.*20260109/],
    [['promote', './elsewhere.pt'], /NOT_FOUND.*only what is kept there/],
    [['promote', nameOf(2)], /BAD_MODEL_FILE.*20260102/],
    [['promote', nameOf(1), '--stage', 'Live!'], /USAGE.*Live!/],
    [['promote', 'staging'], /NOT_FOUND.*staging/],
  ];
  for (const [args, message] of refusals) {
    const { status, stderr } = await gillnet(folder, ...args);
    assert.is(status, 2, args.join(' '));
    assert.match(stderr, message);
  }
  assert.not.ok((await readdir(folder)).includes('stages'));
});

test('a model is promoted also where MLflow is away, which is told with what to do about it', async () => {
  const { folder } = await registryOf(modelFile());
  const port = await freePort();
  const args = ['promote', nameOf(1), '--mlflow', `http://127.0.0.1:${port}`];
  const { status, stdout } = await gillnet(folder, ...args);
  assert.is(status, 0);
  const lines = stdout.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^production serves model_v1_20260101/);
  assert.match(
    lines[1] ?? '',
    /^MLflow does not know of it: .*127\.0\.0\.1:\d+ can't be reached.* Is it running there\? Promote the model again to tell it\.$/,
  );
  assert.is(lines.length, 2);
});

test('a prune tells, and with --yes deletes, what no reason keeps', async () => {
  const accuracies = [0.9, 0.5, 0.6, 0.7, 0.8, 0.4];
  const files = accuracies.map((valAccuracy, index) =>
    modelFile({
      metrics: { epoch: 1, valAccuracy },
      ...(index === 5 && { parent: { model: nameOf(3), sha256: '' } }),
    }),
  );
  const { folder, store } = await registryOf(...files, Buffer.from('no model'));
  for (const ending of ['.md', '.metrics.json']) {
    for (const number of [2, 6]) {
      await store.create(nameOf(number).replace('.pt', ending), Buffer.from('{}'));
    }
  }
  await promote(store, 'staging', { model: nameOf(4), sha256: sha256Of(files[3] as Buffer) });
  const settings = { models: folder, keep: 1, keepBest: 1 } as Settings;
  const before = await readdir(folder);
  const lines = await pruning(settings);
  assert.equal(lines, [
    `${nameOf(7)}  kept: it can’t be read`,
    `${nameOf(6)}  kept: among the newest`,
    `${nameOf(5)}  goes`,
    `${nameOf(4)}  kept: promoted`,
    `${nameOf(3)}  kept: a kept one began with it`,
    `${nameOf(2)}  goes`,
    `${nameOf(1)}  kept: among the best`,
    lines.at(-1),
  ]);
  assert.match(lines.at(-1) ?? '', /^2 models .* would be deleted; --yes/);
  assert.equal(await readdir(folder), before);
  const young = await pruning({ ...settings, olderThan: 1e9 });
  assert.match(young.at(-1) ?? '', /^0 models/);

  const both = [1, 2].map(() => pruning({ ...settings, yes: true }));
  assert.match((await Promise.all(both))[0]?.at(-1) ?? '', /^Deleted 2 models/);
  const gone = [5, 2]
    .map(nameOf)
    .concat(['.md', '.metrics.json'].map((e) => nameOf(2).replace('.pt', e)));
  assert.equal(
    await readdir(folder),
    before.filter((name) => !gone.includes(name)),
  );
  await failsWith('USAGE', () => pruning({ models: folder } as Settings));
});

test.run();
