import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { Checkpoints } from '../lib/commands/training/checkpoints.js';
import { readTorchFile } from '../lib/model/formats/torch-file.js';
import { writeTorchFile } from '../lib/model/formats/write-torch-file.js';
import type { Checkpoint } from '../lib/pipeline/progress.js';
import { Run } from '../lib/runs.js';
import { sha256Of } from '../lib/sha256.js';
import { failsWith } from './support/errors.js';
import { epoch } from './support/story.js';
import { suite, temporaryFolder } from './support/suite.js';
import { float32, plain } from './support/tensors.js';

const test = suite('checkpoints');

const identity = { seed: 1, dataFingerprint: 'd'.repeat(64) };

const first = epoch(1, 0.5, true);

/** After so many steps of the second epoch. */
function checkpoint(steps: number): Checkpoint {
  return {
    progress: {
      ...{ epochs: 1, steps, lossSum: steps / 3, correct: 2, photosSeen: 8 * steps },
      ...{ best: { epoch: 1, valAccuracy: 0.5 }, history: [first] },
      plan: { epochs: 4, scheduledEpochs: 4, learningRateFactor: 0.5 },
    },
    model: { 'fc.weight': float32([2], [steps, 0.1]) },
    optimizer: { 'fc.weight.exp_avg': float32([2], [0.25, -steps]) },
    best: { 'fc.weight': float32([2], [1, 0.1]) },
  };
}

/** A run that has kept some, and their names with the newest first. */
async function runWith(...steps: number[]) {
  const run = await Run.create(temporaryFolder());
  const checkpoints = new Checkpoints(run, identity);
  for (const each of steps) await checkpoints.keep(checkpoint(each));
  const names = () => readdirSync(run.folder).sort().reverse();
  return { run, checkpoints, names };
}

async function restored(run: Run) {
  const { checkpoint, damaged } = await new Checkpoints(run, identity).restore();
  return { steps: checkpoint?.progress.steps, damaged };
}

test('what is kept comes back whole, and two generations of it stand there', async () => {
  const { run, names } = await runWith(1, 2, 3);
  assert.is(names().length, 2);
  for (const [index, name] of names().entries()) {
    assert.match(name, new RegExp(`^checkpoint-${3 - index}-[0-9a-f]{32}\\.pt$`));
    assert.ok(name.includes(sha256Of(readFileSync(run.pathOf(name))).slice(0, 32)));
  }
  const { checkpoint: actual, damaged } = await new Checkpoints(run, identity).restore();
  assert.equal(damaged, []);
  const expected = checkpoint(3);
  assert.equal(actual?.progress, expected.progress);
  for (const part of ['model', 'optimizer', 'best'] as const) {
    assert.equal(plain(actual?.[part] ?? {}), plain(expected[part] ?? {}));
  }
});

test('a resumed run counts on, and keeps the one that it came from until there are two newer', async () => {
  const { run, names } = await runWith(1, 2);
  const before = names();
  const resumed = new Checkpoints(run, identity);
  await resumed.restore();
  await resumed.keep(checkpoint(3));
  assert.equal([names().length, names()[1]], [2, before[0]]);
  await resumed.keep(checkpoint(4));
  assert.equal(
    names().map((name) => name.split('-')[1]),
    ['4', '3'],
  );
  await resumed.forget();
  assert.equal(names(), []);
  assert.equal(await restored(run), { steps: undefined, damaged: [] });
});

/** What can happen to the bytes of a file. */
const damages: Record<string, (bytes: Buffer) => Buffer> = {
  'a flipped bit in a tensor': (bytes) => flipped(bytes, bytes.indexOf(float32([1], [0.25]).data)),
  'a flipped bit at its end': (bytes) => flipped(bytes, bytes.length - 1),
  'a cut': (bytes) => bytes.subarray(0, bytes.length / 2),
  'a byte more': (bytes) => Buffer.concat([bytes, Buffer.of(0)]),
  'no byte left': () => Buffer.alloc(0),
  'zeros, as some file systems leave': (bytes) => Buffer.alloc(bytes.length),
};

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] as number) ^ 0x10;
  return changed;
}

for (const [what, damage] of Object.entries(damages)) {
  test(`after ${what} the one before is taken, and the newest named`, async () => {
    const { run, names } = await runWith(1, 2);
    const [newest = ''] = names();
    const whole = readFileSync(run.pathOf(newest));
    writeFileSync(run.pathOf(newest), damage(whole));
    const { steps, damaged } = await restored(run);
    assert.is(steps, 1);
    assert.equal(
      damaged.map(({ name }) => name),
      [newest],
    );
    assert.match(damaged[0]?.reason ?? '', /not what was written/);

    const resumed = new Checkpoints(run, identity);
    await resumed.restore();
    await resumed.keep(checkpoint(2));
    assert.not(
      names().includes(newest) && readFileSync(run.pathOf(newest)).length !== whole.length,
    );
    assert.equal(await restored(run), { steps: 2, damaged: [] });
  });
}

test('a checkpoint of another run is none of this one’s', async () => {
  const { run, names } = await runWith(1);
  const other = await Run.create(temporaryFolder());
  for (const [index, change] of [{ seed: 2 }, { dataFingerprint: 'e'.repeat(64) }].entries()) {
    await new Checkpoints(other, { ...identity, ...change }).keep(checkpoint(index + 2));
    const [name = ''] = readdirSync(other.folder);
    const foreign = name.replace('checkpoint-1-', `checkpoint-${index + 7}-`);
    copyFileSync(other.pathOf(name), run.pathOf(foreign));
  }
  assert.is(names().length, 3);
  const { steps, damaged } = await restored(run);
  assert.is(steps, 1);
  assert.is(damaged.length, 2);
  for (const { reason } of damaged) assert.match(reason, /of another run/);
});

test('where none is whole, each is named with what is wrong', async () => {
  const { run, names } = await runWith(1, 2);
  const [newest = '', older = ''] = names();
  writeFileSync(run.pathOf(newest), '');
  const misnamed = 'checkpoint-1-00000000000000000000000000000000.pt';
  renameSync(run.pathOf(older), run.pathOf(misnamed));
  const { message } = await failsWith('CANNOT_RESUME', () => restored(run));
  for (const name of [newest, misnamed]) {
    assert.match(message, new RegExp(`${name}: It is not what was written`));
  }
  assert.match(
    message,
    new RegExp(`The run ${run.id} can't be resumed.*Train a new run, or delete`),
  );
});

/** The bytes of a checkpoint whose record of progress says this. */
async function withRecord(record: string): Promise<Buffer> {
  const { run, names } = await runWith(1);
  const { state, records } = readTorchFile(readFileSync(run.pathOf(names()[0] ?? '')));
  records.set('progress.json', Buffer.from(record));
  return writeTorchFile({ state, records });
}

test('a record of progress that no training wrote is refused, whatever it says', async () => {
  const { progress } = checkpoint(1);
  const hostile: [string, object | null | string | number][] = [
    ['no object', null],
    ['a text', 'epochs'],
    ['a negative count', { ...progress, steps: -1 }],
    ['a part of a step', { ...progress, steps: 0.5 }],
    ['a count as text', { ...progress, steps: '1' }],
    ['a count beyond whole numbers', { ...progress, photosSeen: 2 ** 60 }],
    ['a loss that is no number', { ...progress, lossSum: null }],
    ['no plan', { ...progress, plan: undefined }],
    ['a factor of 0', { ...progress, plan: { ...progress.plan, learningRateFactor: 0 } }],
    ['a schedule of no epochs', { ...progress, plan: { epochs: 4, learningRateFactor: 1 } }],
    ['no history', { ...progress, history: undefined }],
    ['a history of fewer epochs', { ...progress, history: [] }],
    ['a history of nothing', { ...progress, history: [null] }],
    ['a history of another epoch', { ...progress, history: [epoch(2, 0.5, true)] }],
    ['a best epoch without its figure', { ...progress, best: { epoch: 1 } }],
    ['no best epoch beside its weights', { ...progress, best: null }],
  ];
  for (const [what, value] of hostile) {
    const record = value && typeof value === 'object' ? { ...identity, ...value } : value;
    const bytes = await withRecord(JSON.stringify(record));
    const { run } = await runWith(1);
    writeFileSync(run.pathOf(`checkpoint-2-${sha256Of(bytes).slice(0, 32)}.pt`), bytes);
    const { steps, damaged } = await restored(run);
    assert.equal([what, steps, damaged.length], [what, 1, 1]);
  }
  for (const text of ['', '{', '[1', '\0', `${'['.repeat(1e5)}`]) {
    const bytes = await withRecord(text);
    const { run } = await runWith(1);
    writeFileSync(run.pathOf(`checkpoint-2-${sha256Of(bytes).slice(0, 32)}.pt`), bytes);
    assert.is((await restored(run)).damaged.length, 1, text.slice(0, 9));
  }
  const same = await withRecord(JSON.stringify({ ...identity, ...progress }));
  const { run } = await runWith(2);
  writeFileSync(run.pathOf(`checkpoint-2-${sha256Of(same).slice(0, 32)}.pt`), same);
  assert.equal(await restored(run), { steps: 1, damaged: [] }, 'what is well formed is taken');
});

test('when the disk takes no more, the two that are there stay, and nothing half written does', async () => {
  const { run, names } = await runWith(1, 2);
  const before = names();
  const large = path.join(temporaryFolder(), 'large.mjs');
  const modules = ['commands/training/checkpoints', 'runs'].map(
    (name) => new URL(`../lib/${name}.js`, import.meta.url).href,
  );
  writeFileSync(
    large,
    `import { Checkpoints } from '${modules[0]}';
     import { Run } from '${modules[1]}';
     const run = await Run.open('', ${JSON.stringify(run.folder)});
     const checkpoints = new Checkpoints(run, ${JSON.stringify(identity)});
     const { checkpoint } = await checkpoints.restore();
     const tensor = { dtype: 'float32', shape: [1e6], data: new Uint8Array(4e6) };
     const told = await checkpoints
       .keep({ ...checkpoint, model: { tensor } })
       .catch(({ code, message }) => code + ' ' + message);
     console.log(told);`,
  );
  // A file of 4 MB where 1 MB may be written.
  const limited = spawnSync('sh', [
    '-c',
    'ulimit -f 2048; exec "$@"',
    'sh',
    process.execPath,
    large,
  ]);
  const said = `${limited.stdout}${limited.stderr}${limited.signal ?? ''}`;
  assert.match(said, /^IO Can't write .*checkpoint-3-\w+\.pt: EFBIG/);
  assert.equal(names(), before);
  assert.equal(await restored(run), { steps: 2, damaged: [] });
});

test.run();
