import './support/small-network.js';
import {
  cpSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { run as everything, trainOnly } from '../lib/commands/run.js';
import { differencesOfMachine } from '../lib/commands/training/resuming.js';
import { options, type Settings, settledFlags } from '../lib/config.js';
import { type Machine, machineOf } from '../lib/machine.js';
import { setThreads } from '../lib/model/classifier.js';
import { loadAddon } from '../lib/native.js';
import { failsWith } from './support/errors.js';
import { eventsOf, ofType } from './support/events.js';
import { writeNoisyPhotos } from './support/resumable.js';
import { suite, temporaryFolder } from './support/suite.js';
import { writeRandomWeights } from './support/weights.js';

const test = suite('resuming a run');

const work = temporaryFolder();
const inWork = (name: string) => path.join(work, name);
const data = inWork('data');
/** As the command line gives them where nothing is said. */
const plain = {
  ...{ catalog: `sqlite:${inWork('catalog.db')}`, device: 'auto', split: 'test', memory: 1e9 },
  ...{ models: inWork('models'), runs: inWork('runs'), downloadCache: 0, trustLabels: true },
} as Omit<Settings, 'policy' | 'validation' | 'valFraction'>;
/** What the run is begun with: each that it settles. */
const settled: Required<Pick<Settings, (typeof settledFlags)[number]>> = {
  ...{ architecture: 'resnet18', recipe: 'scratch', epochs: 2, batchSize: 16, lr: 0.001 },
  ...{ imageSize: 64, seed: 3, weights: inWork('weights.pt'), policy: 'quarantine' },
  ...{ validation: 'catalog', valFraction: 0.2, dtype: 'float32', int8: false },
  ...{ tf32: false, nondeterministic: false },
};
/** Settings of a resumed run lack what it settles, unless it is given. */
const resumed = (changes: Partial<Settings> = {}) =>
  ({ ...plain, resume: 'run', ...changes }) as Settings;

const writeWeights = (seed: number) => writeRandomWeights(settled.weights, seed);

/** The run's folder as it was stopped, with two checkpoints; each test gets it anew. */
const original = inWork('original');
const run = path.join(plain.runs, 'run');
const isCheckpoint = (name: string) => name.startsWith('checkpoint-');
const fresh = () => {
  rmSync(run, { recursive: true, force: true });
  cpSync(original, run, { recursive: true, filter: (from) => !isCheckpoint(path.basename(from)) });
  const checkpoints = readdirSync(original).filter(isCheckpoint).sort().reverse();
  // Of 134 MB each; whoever damages one puts another in its place.
  for (const name of checkpoints) linkSync(path.join(original, name), path.join(run, name));
  return checkpoints;
};

/** Goes on until the training has begun. */
const goingOn = (changes: Partial<Settings> = {}) =>
  eventsOf(trainOnly, resumed(changes), ({ type }) => type === 'step');
const refusal = async (changes: Partial<Settings>) =>
  (await failsWith('CANNOT_RESUME', () => goingOn(changes))).message;

test('a run that is stopped in its second epoch keeps two checkpoints', async () => {
  await writeNoisyPhotos(data);
  await writeWeights(5);
  const settings = { ...plain, ...settled, data, threads: 1, checkpointSeconds: 1e-3 } as Settings;
  const events = await eventsOf(
    trainOnly,
    settings,
    (event) => event.type === 'step' && event.epoch === 2,
  );
  const [done] = ofType(events, 'done');
  assert.is(done?.interrupted, true);
  renameSync(path.join(plain.runs, done?.run ?? ''), original);
  assert.is(fresh().length, 2);
});

test('each flag that a run has settled is refused where it is given otherwise', async () => {
  fresh();
  const others: typeof settled = {
    ...{ architecture: 'resnet34', recipe: 'classic', epochs: 5, batchSize: 8, lr: 0.01 },
    ...{ imageSize: 96, seed: 4, weights: 'none', policy: 'allow', validation: 'split' },
    ...{ valFraction: 0.3, dtype: 'bfloat16', int8: true },
    ...{ tf32: true, nondeterministic: true },
  };
  for (const name of settledFlags) {
    const [given, before] = [others[name], settled[name]];
    const message = await refusal({ [name]: given });
    assert.ok(
      message.includes(`was given ${options[name].long} ${given} where it has ${before}. Leave`),
      message,
    );
  }
  const message = await refusal({ epochs: 9, seed: 8 });
  assert.match(message, /--epochs 9 where it has 2, --seed 8 where it has 3\./, 'all at once');
});

test('`gillnet run` goes on with the photos of its catalog and its own number of threads, and draws none', async () => {
  fresh();
  setThreads(2);
  const events = await eventsOf(everything, resumed(), ({ type }) => type === 'step');
  assert.not.ok(ofType(events, 'stage').some(({ stage }) => stage === 'sample'));
  assert.is(ofType(events, 'started')[0]?.threads, 1);
  assert.equal(ofType(events, 'warning'), []);
  const [silent, ...others] = ofType(events, 'resumed');
  assert.is(silent?.history.length, 1);
  assert.equal(others, []);

  // Flags that say what the run has are as good as none.
  fresh();
  setThreads(2);
  const told = await goingOn({ ...settled, data, threads: 1 });
  const [stated] = ofType(told, 'resumed');
  assert.equal([stated?.epoch, stated?.step], [silent?.epoch, silent?.step]);
  assert.is(ofType(told, 'started')[0]?.threads, 1);
  assert.equal(ofType(told, 'warning'), []);
});

test('another machine is warned of, whatever differs', () => {
  const libtorch = loadAddon().libtorchVersion;
  const machine = machineOf({ device: 'cpu', card: null });
  const told = (change: Partial<Machine>, version = libtorch) =>
    [
      ...differencesOfMachine(
        { machine: { ...machine, ...change }, libtorch: version },
        { machine, libtorch },
      ),
    ].map((event) => 'code' in event && event.code);
  assert.equal(told({}), []);
  assert.equal(told({ node: '20.9.0' }), [], 'Node computes nothing of it');
  const changes: Partial<Machine>[] = [
    { platform: 'linux arm64' },
    { processor: 'another' },
    { features: [] },
    { device: 'cuda' },
    { threads: machine.threads + 1 },
  ];
  for (const change of changes) assert.equal(told(change), ['RESUMED_ELSEWHERE']);
  assert.equal(told({}, '0.0.0'), ['RESUMED_ELSEWHERE']);
});

function replace(checkpoint: string, bytes: Buffer | string): void {
  rmSync(path.join(run, checkpoint));
  writeFileSync(path.join(run, checkpoint), bytes);
}

test('a damaged checkpoint and another number of threads are told of, and the run goes on from the one before', async () => {
  const [newest = '', older = ''] = fresh();
  const bytes = readFileSync(path.join(run, newest));
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
  replace(newest, bytes);
  const warnings = ofType(await goingOn({ threads: 2 }), 'warning');
  const [damaged = '', elsewhere = '', ...others] = warnings.map(
    ({ code, message }) => `${code} ${message}`,
  );
  assert.ok(damaged.startsWith(`DAMAGED_CHECKPOINT ${newest} can't be used: `), damaged);
  assert.match(damaged, /goes on from the checkpoint before it\.$/);
  assert.match(elsewhere, /^RESUMED_ELSEWHERE .*began on 1 threads of .* goes on on 2 threads of/);
  assert.equal(others, []);
  fresh();
  for (const name of [newest, older]) replace(name, '');
  const message = await refusal({});
  assert.ok(message.includes(newest) && message.includes(older), message);
});

/** What is refused where the photos are changed so, and given again. */
async function refusedWhere(change: (folder: string) => void): Promise<string> {
  fresh();
  const folder = inWork('changed');
  rmSync(folder, { recursive: true, force: true });
  cpSync(data, folder, { recursive: true, preserveTimestamps: true });
  change(folder);
  return refusal({ data: folder, catalog: `sqlite:${inWork('changed.db')}` });
}
const photo = (folder: string, label: string, index: number) =>
  path.join(folder, 'train', label, `${index}.png`);

test('photos that were added, taken away, relabelled or changed are refused and listed', async () => {
  const other = readFileSync(path.join(data, 'val', 'dark', '3.png'));
  const moved = await refusedWhere((folder) => {
    writeFileSync(path.join(folder, 'val', 'dark', '77.png'), Buffer.concat([other, Buffer.of(0)]));
    rmSync(path.join(folder, 'val', 'dark', '3.png'));
    renameSync(photo(folder, 'dark', 1), photo(folder, 'light', 99));
  });
  assert.match(
    moved,
    /have changed since: 2 added \(train\/light\/99\.png, val\/dark\/77\.png\), 2 gone \(train\/dark\/1\.png, val\/dark\/3\.png\)\./,
  );
  const changed = await refusedWhere((folder) => {
    for (const index of [1, 2, 3]) rmSync(photo(folder, 'light', index));
    writeFileSync(photo(folder, 'dark', 1), readFileSync(photo(folder, 'dark', 2)));
    rmSync(photo(folder, 'dark', 2));
  });
  assert.match(
    changed,
    /since: 4 gone \((train\/\w+\/\d\.png, ){3}…\), 1 with another content \(train\/dark\/1\.png\)\. Put them back/,
  );
});

test('photos are looked at also where they are not given again', async () => {
  const file = photo(data, 'dark', 1);
  const before = readFileSync(file);
  try {
    writeFileSync(file, readFileSync(photo(data, 'dark', 2)));
    fresh();
    assert.match(await refusal({}), /since: 1 with another content \(train\/dark\/1\.png\)\./);
    rmSync(file);
    assert.match(await refusal({}), /since: 1 gone \(train\/dark\/1\.png\)\./);
  } finally {
    writeFileSync(file, before);
  }
});

/** Of the process that trains the run. */
const claim = path.join(run, 'process.json');

test('a touched photo, weights that no checkpoint needs and another machine’s claim are nothing to warn of', async () => {
  fresh();
  const file = photo(data, 'dark', 1);
  utimesSync(file, new Date(), new Date());
  await writeWeights(6);
  writeFileSync(claim, JSON.stringify({ host: 'another', id: process.ppid }));
  const events = await goingOn();
  assert.equal(ofType(events, 'warning'), []);
  assert.is(ofType(events, 'resumed').length, 1);
  assert.ok(ofType(events, 'step').length > 0);
});

test('weights that are others now are refused while the run still needs them', async () => {
  await writeWeights(6);
  const names = fresh();
  for (const name of names) rmSync(path.join(run, name));
  assert.match(await refusal({}), /the weights weights\.pt that it began with have changed/);
  await writeWeights(5);
  assert.is(ofType(await goingOn(), 'step')[0]?.step, 1, 'from the beginning');
});

test('a run that another process trains is left to it', async () => {
  fresh();
  writeFileSync(claim, JSON.stringify({ host: hostname(), id: process.ppid }));
  const message = await refusal({});
  assert.ok(message.includes(`process ${process.ppid} of this machine trains it`), message);
  assert.ok(message.includes(claim), message);
  writeFileSync(claim, '{');
  assert.match(await refusal({}), /its process\.json is damaged; delete it/);
});

test('a run that has ended is not begun again; its last epoch counts the time before it was stopped, too', async () => {
  fresh();
  const ended = await eventsOf(trainOnly, resumed());
  const [done] = ofType(ended, 'done');
  assert.type(done?.model, 'string');
  const [epoch] = ofType(ended, 'epoch');
  const began = Date.parse(ofType(ended, 'resumed')[0]?.time ?? '');
  const here = (Date.parse(epoch?.time ?? '') - began) / 1000;
  assert.ok((epoch?.seconds ?? 0) > here, `${epoch?.seconds} of which ${here} since`);
  const message = await refusal({});
  assert.ok(message.includes(`it has ended, and its model is ${done?.model}`), message);
});

test('what a run remembers is refused where it is damaged', async () => {
  for (const [text, reason] of [
    ['{', /its config\.json is damaged/],
    ['null', /its config\.json is damaged/],
    ['{}', /its config\.json is of another version of gillnet/],
  ] as const) {
    fresh();
    writeFileSync(path.join(run, 'config.json'), text);
    assert.match(await refusal({}), reason);
  }
  fresh();
  rmSync(path.join(run, 'config.json'));
  assert.match(await refusal({}), /has no config\.json, so it never began to train/);
});

test.run();
