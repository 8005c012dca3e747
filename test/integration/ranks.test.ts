import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { decodeModel } from '../../lib/model/model-file.js';
import type { GillnetEvent } from '../../lib/pipeline/events.js';
import { freePort } from '../servers/ports.js';
import { programs } from '../servers/programs.js';
import { type Ended, ended } from '../support/command.js';
import { ofType } from '../support/events.js';
import { type Namespaces, namespaces } from '../support/namespaces.js';
import { root, suite, temporaryFolder } from '../support/suite.js';

/** Trainings on several ranks, as PyTorch's launchers start them, on the drawn sample set. */

const test = suite('trainings on several ranks');
const work = temporaryFolder();
const gillnet = path.join(root, 'scripts/gillnet.mjs');
const cli = [process.execPath, gillnet];
const args = [
  ...[
    'train',
    '--json',
    '--weights',
    'none',
    '--image-size',
    '64',
    '--threads',
    '1',
    '--lr',
    '1e-4',
  ],
  ...['--rank-timeout', '30', '--checkpoint-seconds', '2', '--sync-batch-norm'],
];

interface Place {
  command?: string[];
  host?: string;
}

/** Starts a command as each of `size` ranks; each side of two namespaces has every second one. */
async function start(
  size: number,
  given: string[],
  sides: Place[] = [{}],
): Promise<ChildProcess[]> {
  const port = await freePort();
  return Array.from({ length: size }, (_, rank) => {
    const { command = [] } = sides[rank % sides.length] as Place;
    const [program = '', ...rest] = [...command, ...cli, ...given];
    const env = {
      ...{ RANK: `${rank}`, WORLD_SIZE: `${size}`, LOCAL_RANK: `${rank}` },
      ...{ MASTER_ADDR: sides[0]?.host ?? '127.0.0.1', MASTER_PORT: `${port}` },
    };
    return spawn(program, rest, {
      cwd: work,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  });
}

const whole = (given: string[]) =>
  ended(spawn(cli[0] as string, [gillnet, ...given], { cwd: work, env: { ...process.env } }));

const lossesOf = (events: GillnetEvent[]) => ofType(events, 'step').map(({ loss }) => loss);

/** Waits for rank 0 to have told of `count` steps. */
function steps(child: ChildProcess | undefined, count: number): Promise<void> {
  return new Promise((resolve) => {
    let text = '';
    child?.stdout?.on('data', (chunk) => {
      text += chunk;
      if (text.split('"type":"step"').length > count) resolve();
    });
  });
}

const runOf = ({ events }: Ended) => ofType(events, 'started')[0]?.run ?? '';
const errorOf = ({ events }: Ended) => ofType(events, 'error')[0]?.message ?? '';

test('two ranks train the model of one: its curve, one run, one file', async () => {
  assert.is((await whole(['sample', 'sample', '--json'])).status, 0);
  const alone = await whole([...args, '--data', 'sample', '--epochs', '1', '--models', 'alone']);
  assert.is(alone.status, 0, alone.stderr);
  const children = await start(2, [
    ...args,
    '--epochs',
    '1',
    '--models',
    'two',
    '--runs',
    'two-runs',
  ]);
  const [first, second] = (await Promise.all(children.map((child) => ended(child)))) as [
    Ended,
    Ended,
  ];
  assert.is(first.status, 0, first.stderr);
  assert.is(second.status, 0, second.stderr);
  assert.is(second.stdout, '');
  const [one, two] = [lossesOf(alone.events), lossesOf(first.events)];
  assert.is(two.length, one.length);
  one.forEach((loss, step) => {
    const apart = Math.abs(loss - (two[step] ?? Number.NaN));
    // The first steps tell other photos, crops and gradients apart; what rounds grows from step to step.
    assert.ok(apart < (step < 3 ? 1e-4 : 0.05), `step ${step} is ${apart} apart`);
  });
  assert.is((await readdir(path.join(work, 'two-runs'))).length, 1);
  const models = (await readdir(path.join(work, 'two'))).filter((name) => name.endsWith('.pt'));
  assert.is(models.length, 1);
  const file = path.join(work, 'two', `${models[0]}`);
  assert.is(decodeModel(await readFile(file), file).description.classes.length, 5);
});

for (const [victim, size] of [
  [1, 1],
  [0, 3],
] as const) {
  test(`a kill of rank ${victim} ends the other within the time-out, and ${size} go on`, async () => {
    const children = await start(2, [...args, '--epochs', '2']);
    const ends = children.map((child) => ended(child));
    await steps(children[0], 14);
    const killed = performance.now();
    children[victim]?.kill('SIGKILL');
    const [first, second] = (await Promise.all(ends)) as [Ended, Ended];
    const seconds = (performance.now() - killed) / 1000;
    assert.ok(seconds < 30, `${seconds} s`);
    const run = runOf(first);
    if (victim === 1) {
      assert.is(first.status, 1);
      assert.match(errorOf(first), /^Rank 1 \(.+\) of 2 has gone or does not answer/);
      assert.match(errorOf(first), new RegExp(`--resume ${run}`));
    } else {
      assert.is(second.status, 1);
      assert.match(second.stderr, /^rank 1: error \[RANK_LOST\]: Rank 0 .*of 2 has gone/m);
    }
    const given = ['train', '--json', '--resume', run, '--threads', '1', '--rank-timeout', '30'];
    const resumed =
      size === 1 ? [whole(given)] : (await start(size, given)).map((each) => ended(each));
    const [again] = (await Promise.all(resumed)) as [Ended];
    assert.is(again.status, 0, again.stderr + again.stdout.slice(-500));
    assert.is(ofType(again.events, 'epoch').at(-1)?.epoch, 2);
    const from = ofType(again.events, 'resumed')[0];
    assert.ok(from && from.epoch + from.step > 1, JSON.stringify(from));
  });
}

test('a stop asked of any rank ends all with a checkpoint', async () => {
  const children = await start(2, [...args, '--epochs', '2']);
  const ends = children.map((child) => ended(child));
  await steps(children[0], 3);
  children[1]?.kill('SIGTERM');
  const [first, second] = (await Promise.all(ends)) as [Ended, Ended];
  assert.is(first.status, 130, first.stderr);
  assert.is(second.status, 130, second.stderr);
  const files = await readdir(path.join(work, '.gillnet/runs', runOf(first)));
  assert.ok(files.some((name) => name.startsWith('checkpoint-')));
});

const network: Namespaces | null = existsSync('/sbin/ip') ? namespaces() : null;
process.on('exit', () => network?.remove());
/** Of `test.needs`, where namespaces can't be made. */
const permitted = network ? '/' : '/a process that may make network namespaces';

test.needs(permitted, 'two machines, which are two namespaces, train together', async () => {
  const sides = (network as Namespaces).sides.map(({ command, address: host }) => ({
    command,
    host,
  }));
  const children = await start(2, [...args, '--epochs', '1'], sides);
  const [first, second] = (await Promise.all(children.map((child) => ended(child)))) as [
    Ended,
    Ended,
  ];
  assert.is(first.status, 0, first.stderr);
  assert.is(second.status, 0, second.stderr);
  assert.not.match(second.stderr, /rank 1|c10d|gloo/i);
  assert.is(ofType(first.events, 'done').length, 1);
});

test.needs(permitted, 'a cable that is pulled ends both within the time-out', async () => {
  const { sides, cut } = network as Namespaces;
  const given = [...args.map((each) => (each === '30' ? '5' : each)), '--epochs', '2'];
  const places = sides.map(({ command, address: host }) => ({ command, host }));
  const children = await start(2, given, places);
  const ends = children.map((child) => ended(child));
  await steps(children[0], 3);
  const cutAt = performance.now();
  cut();
  const [first, second] = (await Promise.all(ends)) as [Ended, Ended];
  const seconds = (performance.now() - cutAt) / 1000;
  assert.is(first.status, 1);
  assert.is(second.status, 1);
  assert.match(errorOf(first), /Rank 1 .* has gone or does not answer.*the time-out is 5 s/);
  assert.ok(seconds < 30, `${seconds} s`);
});

const torchrun = path.join(path.dirname(programs.torchPython), 'torchrun');
test.needs(torchrun, 'torchrun starts it as it starts PyTorch', async () => {
  const port = await freePort();
  const given = ['--nproc-per-node', '2', '--master-port', `${port}`, '--no-python', ...cli];
  const run = spawn(torchrun, [...given, ...args, '--epochs', '1'], { cwd: work });
  const { status, events, stderr } = await ended(run);
  assert.is(status, 0, stderr);
  assert.is(ofType(events, 'done').length, 1);
});

test.run();
