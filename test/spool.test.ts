import { readdir } from 'node:fs/promises';
import * as assert from 'uvu/assert';
import { Spool } from '../lib/spool.js';
import { failsWith } from './support/errors.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('spool');

/** What `work` gives while files of a moment stand in a folder. */
async function withTemporary<T>(folder: string, work: () => T | Promise<T>): Promise<T> {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

test('what was added is read again, in any order, and leaves no file', async () => {
  const folder = temporaryFolder();
  const spool = await withTemporary(folder, () => new Spool());
  const bodies = [0, 1, 70_000, 8].map((length, index) => Buffer.alloc(length, index + 1));
  const readers = bodies.map((body) => spool.add(body));
  assert.equal(
    readers.reverse().map((read) => read()),
    bodies.reverse(),
  );
  assert.equal(await readdir(folder), []);
  spool.close();
});

test('a folder where nothing can be written is named', async () => {
  const error = await failsWith('IO', () =>
    withTemporary('/nowhere at all', async () => new Spool()),
  );
  assert.match(error.message, /\/nowhere at all/);
});

test.run();
