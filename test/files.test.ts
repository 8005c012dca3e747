import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { createFile, replaceFile, sweep, temporaryName } from '../lib/files.js';
import { Run } from '../lib/runs.js';
import { openDirectory } from '../lib/store/directory.js';
import { failsWith } from './support/errors.js';
import { writeFiles } from './support/photos.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('files and runs');

test('files are written whole, and no trace of the way is left', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'a', 'b.txt');
  await replaceFile(file, 'one');
  await replaceFile(file, 'two');
  assert.is(await readFile(file, 'utf8'), 'two');
  assert.equal(await readdir(path.dirname(file)), ['b.txt']);
});

test('creating never overwrites, also not when two do at once', async () => {
  const file = path.join(temporaryFolder(), 'model.pt');
  const outcomes = await Promise.allSettled(['a', 'b', 'c'].map((body) => createFile(file, body)));
  assert.is(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal(await readdir(path.dirname(file)), ['model.pt']);
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
