import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { createFile, readWhole, replaceFile, sweep, temporaryName } from '../lib/files.js';
import { Run } from '../lib/runs.js';
import { openDirectory } from '../lib/store/directory.js';
import { failsWith } from './support/errors.js';
import { writeFiles } from './support/photos.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('files and runs');

test('files are written whole, and no trace of the way is left', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'b.txt');
  await replaceFile(file, 'one');
  await replaceFile(file, 'two');
  assert.is(await readFile(file, 'utf8'), 'two');
  assert.equal(await readdir(folder), ['b.txt']);
});

test('creating never overwrites, also not when two do at once', async () => {
  const file = path.join(temporaryFolder(), 'model.pt');
  const outcomes = await Promise.allSettled(['a', 'b', 'c'].map((body) => createFile(file, body)));
  assert.is(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal(await readdir(path.dirname(file)), ['model.pt']);
});

test('a file is read whole, also an empty one, and a folder is none', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'long.bin');
  for (const length of [0, 1, 3_000_000]) {
    const bytes = Buffer.alloc(length, 'gillnet');
    await replaceFile(file, bytes);
    assert.ok((await readWhole(file)).equals(bytes), String(length));
  }
  const codeOf = (read: Promise<unknown>) => read.then(String, (error) => error.code);
  assert.is(await codeOf(readWhole(folder)), 'EISDIR');
  assert.is(await codeOf(readWhole(path.join(folder, 'missing'))), 'ENOENT');
});

test('a run whose folder was deleted fails to write, and makes no other', async () => {
  const runs = temporaryFolder();
  const run = await Run.create(runs);
  await rm(run.folder, { recursive: true });
  const error = await failsWith('IO', () => run.write('best.pt', 'weights'));
  assert.match(error.message, /best\.pt: ENOENT/);
  assert.equal(await readdir(runs), []);
});

test('below a working directory that was deleted nothing hangs', () => {
  const files = new URL('../lib/files.js', import.meta.url).href;
  const script = `
    import { rmSync } from 'node:fs';
    import { makeFolder } from ${JSON.stringify(files)};
    process.cwd();
    rmSync(process.cwd(), { recursive: true });
    await makeFolder('a/b');`;
  const options = { cwd: mkdtempSync(path.join(temporaryFolder(), 'x')), timeout: 20_000 };
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script], options);
  assert.is(ended.signal, null);
});

test('a folder that has become a file is told from a model that is there already', async () => {
  const place = path.join(temporaryFolder(), 'models');
  await writeFiles(path.dirname(place), { models: 'a file' });
  const error = await failsWith('IO', () => openDirectory(place).create('model.pt', Buffer.of(1)));
  assert.match(error.message, /models/);
});

test('what a killed process left is swept; what a living one writes is not', async () => {
  const folder = temporaryFolder();
  const living = temporaryName();
  const dead = spawnSync(process.execPath, ['-p', '1']).pid;
  const left = living.replace(String(process.pid), String(dead));
  await writeFiles(folder, { [living]: 'x', [left]: 'x', 'own.tmp': 'x', '.hidden.tmp': 'x' });
  await sweep(folder);
  assert.equal((await readdir(folder)).sort(), [living, '.hidden.tmp', 'own.tmp'].sort());
});

test('two runs never share a folder, and a run that is not there is answered with those that are', async () => {
  const runs = temporaryFolder();
  const now = new Date('2026-01-02T03:04:05.678Z');
  const made = await Promise.all([Run.create(runs, now), Run.create(runs, now)]);
  assert.equal(made.map(({ id }) => id).sort(), ['20260102T030405Z', '20260102T030405Z-2']);
  const error = await failsWith('NOT_FOUND', () => Run.open(runs, 'nothing'));
  assert.match(error.message, /20260102T030405Z-2/);
  assert.is((await Run.open(runs, '20260102T030405Z')).folder, path.join(runs, '20260102T030405Z'));
  const byPath = await Run.open('elsewhere', path.join(runs, '20260102T030405Z'));
  assert.is(byPath.id, '20260102T030405Z');
});

test.run();
