import { spawn } from 'node:child_process';
import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { ended } from '../support/command.js';
import { type Block, blocksOf, commandsOf } from '../support/markdown.js';
import { picture, writeColouredPhotos, writeFiles } from '../support/photos.js';
import { root, suite, temporaryFolder } from '../support/suite.js';

const test = suite('the README’s commands, in their order');

/** Stands for a clone: all that the root has, by links, so that nothing is built again, and none of its runs and models. */
const clone = temporaryFolder();

/** No weights are fetched, and programs beside this one don't make two threads wait for each other. */
const settings = { GILLNET_WEIGHTS: 'none', GILLNET_THREADS: '1' };
const own = Object.entries(process.env).filter(([name]) => !/^GILLNET_(?!CACHE)/.test(name));

/** What a reader has: photos of two labels, and one whose label is asked. */
async function bringPhotos(): Promise<void> {
  await writeColouredPhotos(path.join(clone, 'photos'));
  await writeFiles(clone, { 'photo.jpg': await picture('x.jpg', { r: 220, g: 90, b: 90 }) });
}

test('a clone, photos, and the port of the server', async () => {
  for (const name of readdirSync(root).filter((each) => !/^\.(git|gillnet)$/.test(each))) {
    symlinkSync(path.join(root, name), path.join(clone, name));
  }
  await bringPhotos();
  assert.not(
    await answers(3000),
    'Another program has port 3000, which the README’s server needs.',
  );
});

for (const block of blocksOf('README.md')) {
  const title = `${block.place}: ${commandsOf(block).join('; ')}`;
  if (block.notExecuted) test.skip(title, block.notExecuted);
  else test(title, () => execute(block));
}

test('they leave what the README says: reports, a picture, an exported model', () => {
  const runs = readdirSync(path.join(clone, '.gillnet/runs'));
  for (const run of runs) {
    assert.ok(existsSync(path.join(clone, '.gillnet/runs', run, 'report.html')), run);
  }
  assert.ok(runs.length > 1);
  const left = readdirSync(clone);
  assert.ok(left.includes('photo.explained.png'));
  assert.ok(left.some((name) => name.endsWith('.onnx')));
});

/** As a script of the reader's shell would be, but that what it leaves in the background ends with it. */
async function execute({ text }: Block): Promise<void> {
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', text], {
    cwd: clone,
    env: { ...Object.fromEntries(own), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  shell.on('exit', () => endGroup(shell.pid));
  const { status, stdout, stderr } = await ended(shell);
  if (status !== 0) throw new Error(`${status}: ${(stdout + stderr).slice(-2000)}`);
}

function endGroup(pid: number | undefined): void {
  try {
    process.kill(-(pid ?? Number.NaN), 'SIGTERM');
  } catch {
    // Nothing was left in the background.
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

test.run();
