import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { freePort } from '../servers/ports.js';
import { programs } from '../servers/programs.js';
import { ended } from '../support/command.js';
import { ofType } from '../support/events.js';
import { type Namespaces, namespaces } from '../support/namespaces.js';
import { suite } from '../support/suite.js';
import { args, bothOf, cli, drawSample, errorOf, start, work } from '../support/trainings.js';

const test = suite('trainings on several machines');

await drawSample();

const network: Namespaces | null = existsSync('/sbin/ip') ? namespaces() : null;
process.on('exit', () => network?.remove());
/** Of `test.needs`, where namespaces can't be made. */
const permitted = network ? '/' : '/a process that may make network namespaces';

test.needs(permitted, 'two machines, which are two namespaces, train together', async () => {
  const { sides } = network as Namespaces;
  const [first, second] = await bothOf(await start(2, [...args, '--epochs', '1'], sides));
  assert.is(first.status, 0, first.stderr);
  assert.is(second.status, 0, second.stderr);
  assert.not.match(second.stderr, /rank 1|c10d|gloo/i);
  assert.is(ofType(first.events, 'done').length, 1);
});

test.needs(permitted, 'a cable that is pulled ends both within the time-out', async () => {
  const { sides, cut } = network as Namespaces;
  const given = [...args.map((each) => (each === '30' ? '5' : each)), '--epochs', '2'];
  const ranks = await start(2, given, sides);
  await ranks[0]?.told(/"type":"step"/, 3);
  const cutAt = performance.now();
  cut();
  const [first, second] = await bothOf(ranks);
  const seconds = (performance.now() - cutAt) / 1000;
  assert.is(first.status, 1);
  assert.is(second.status, 1);
  assert.match(errorOf(first), /Rank 1 .* has gone or does not answer.*the time-out is 5 s/);
  assert.ok(seconds < 30, `${seconds} s`);
});

test.needs(programs.torchPython, 'torchrun starts it as it starts PyTorch', async () => {
  const port = await freePort();
  const torchrun = ['-m', 'torch.distributed.run', '--nproc-per-node', '2'];
  const given = [...torchrun, '--master-port', `${port}`, '--no-python', ...cli];
  const run = spawn(programs.torchPython, [...given, ...args, '--epochs', '1'], { cwd: work });
  const { status, events, stderr } = await ended(run);
  assert.is(status, 0, stderr);
  assert.is(ofType(events, 'done').length, 1);
});

test.run();
