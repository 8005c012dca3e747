import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { random } from '../../lib/random.js';
import { ended } from '../support/command.js';
import { Disk, type Operation, operationsOf, type Shown, tracedCalls } from '../support/disk.js';
import { assertGoesOn, isTemporary, placeIn } from '../support/kills.js';
import { onlyModelIn, trainArgs, writeNoisyPhotos } from '../support/resumable.js';
import { root, suite, temporaryFolder } from '../support/suite.js';

const test = suite('power cuts');

const powerCuts = 8;
const work = temporaryFolder();
const traced = path.join(work, 'traced');
const contents = path.join(work, 'contents');

/** By strace, which a container may forbid. */
const tracer = ['strace', '--follow-forks', '--seccomp-bpf', '--decode-fds=path'];
const canTrace = spawnSync('strace', [...tracer.slice(1), '-o', '/dev/null', 'true']).status === 0;
const whereTraced = (name: string, body: () => Promise<void>) =>
  test.needs(canTrace ? [] : 'a system where strace may trace', name, body);

let operations: Operation[] = [];
let run = '';

whereTraced('a training is traced, with what it writes', async () => {
  await writeNoisyPhotos(path.join(work, 'data'));
  mkdirSync(contents);
  mkdirSync(traced);
  const { runs, models } = placeIn(work, traced);
  const trace = path.join(work, 'trace');
  const [program, ...flags] = [
    ...[...tracer, '--string-limit=0', '-o', trace, '-e', `trace=${tracedCalls}`],
    // Long enough for each content to be kept under its first name.
    ...['-e', 'inject=rename,link:delay_enter=150000'],
    ...[process.execPath, path.join(root, 'scripts/gillnet.mjs'), ...trainArgs],
    ...['--epochs', '2', '--runs', runs, '--models', models],
  ] as [string, ...string[]];
  const child = spawn(program, flags, { cwd: work, stdio: ['ignore', 'pipe', 'pipe'] });
  const keeping = setInterval(() => keepContents(traced), 5);
  const { status, stdout, stderr } = await ended(child);
  clearInterval(keeping);
  assert.is(status, 0, stdout + stderr);
  [run = ''] = await readdir(runs);
  operations = operationsOf(readFileSync(trace, 'utf8'), traced);
});

/** Files that are there, under one name for each content. */
function keepContents(folder: string): void {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    try {
      linkSync(path.join(entry.parentPath, entry.name), path.join(contents, entry.name));
    } catch (error) {
      // Known already, or gone meanwhile.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST' && code !== 'ENOENT') throw error;
    }
  }
}

const isFinal = (file: string) => !isTemporary(file);
const isCheckpoint = (file: string) => /checkpoint-\d+-\w+\.pt$/.test(file);
const isModel = (file: string) => /model_v1_\w+\.pt$/.test(file);

whereTraced(
  'what is written gets its name once it is flushed, and replaces nothing before its name is',
  async () => {
    const disk = new Disk();
    const named: string[] = [];
    for (const operation of operations) {
      const { kind, path: file } = operation;
      if ('to' in operation) {
        const content = disk.contentOf(file);
        assert.ok(content && content.written > 0, file);
        assert.is(
          content.flushed,
          content.written,
          `${operation.to} is flushed before it is named`,
        );
        named.push(operation.to);
      }
      if (kind === 'unlink' && isCheckpoint(file)) {
        assert.equal(disk.unflushedNames().filter(isFinal), [], `when ${file} goes`);
      }
      disk.do(operation);
    }
    assert.equal(disk.unflushedNames().filter(isFinal), []);
    assert.ok(named.filter(isCheckpoint).length >= 6, named.join());
    assert.is(named.filter(isModel).length, 1);
    for (const name of ['config.json', 'photos.json', 'publication.json']) {
      assert.ok(named.includes(path.join(traced, 'runs', run, name)), name);
    }
  },
);

/** Each state that a power cut may leave, of those of which a run can be resumed. */
function resumable(): Shown[] {
  const disk = new Disk();
  const states = new Map<string, Shown>();
  let safe = false;
  for (const [index, operation] of operations.entries()) {
    disk.do(operation);
    if (operation.kind === 'write' && operations[index + 1]?.kind === 'write') continue;
    const shown = [...disk.afterPowerCut()];
    const holds = (is: (file: string) => boolean) => (state: Shown) =>
      [...state].some(([file, { content, bytes }]) => is(file) && bytes === content.written);
    const isSafe = shown.every(holds((file) => isCheckpoint(file) || isModel(file)));
    assert.ok(isSafe || !safe, `after ${operation.kind} ${operation.path}`);
    safe = isSafe;
    for (const state of shown) {
      const unfinished = holds(isCheckpoint)(state) || !holds(isModel)(state);
      if (!holds((file) => file.endsWith('config.json'))(state) || !unfinished) continue;
      states.set(JSON.stringify([...state].map(([file, { bytes }]) => [file, bytes])), state);
    }
  }
  return [...states.values()];
}

function build(state: Shown, folder: string): void {
  for (const [file, { content, bytes }] of state) {
    const target = path.join(folder, path.relative(traced, file));
    mkdirSync(path.dirname(target), { recursive: true });
    const source = path.join(contents, path.basename(content.name));
    // Nothing but the log and what is cut off is written to in place.
    if (bytes === content.written && !file.endsWith('.jsonl')) {
      linkSync(source, target);
    } else {
      copyFileSync(source, target);
      truncateSync(target, bytes);
    }
  }
}

whereTraced(
  `resumed after each of ${powerCuts} power cuts, the run ends with the same weights`,
  async () => {
    const reference = await onlyModelIn(placeIn(work, traced).models);
    const states = resumable();
    for (const [index, state] of random(5, 'cuts').shuffle(states).slice(0, powerCuts).entries()) {
      const folder = path.join(work, `cut-${index}`);
      build(state, folder);
      await assertGoesOn(placeIn(work, folder), run, reference);
    }
  },
);

test.run();
