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
  const places = bodies.map((body) => spool.add(body));
  assert.equal(
    places.reverse().map((place) => spool.read(place)),
    bodies.reverse(),
  );
  assert.equal(await readdir(folder), []);
  spool.close();
});

test('what may be in memory is there, for other threads too, and the rest in a file', async () => {
  const folder = temporaryFolder();
  const spool = new Spool(2.5 * 2 ** 20);
  const small = Array.from({ length: 30 }, (_, index) => Buffer.alloc(60_000, index));
  const places = await withTemporary('/nowhere at all', () => small.map((each) => spool.add(each)));
  const large = Buffer.alloc(3 * 2 ** 20, 31);
  const largePlace = await withTemporary(folder, () => spool.add(large));
  const last = spool.add(Buffer.from('last'));
  for (const some of [spool, Spool.of(structuredClone(spool.shared))]) {
    assert.equal(
      places.map((place) => some.read(place)),
      small,
    );
    assert.ok(large.equals(some.read(largePlace)));
    assert.equal(some.read(last), Buffer.from('last'));
  }
  spool.clear();
  assert.equal(spool.read(spool.add(Buffer.from('again'))), Buffer.from('again'));
  spool.close();
});

test('a folder where nothing can be written is named', async () => {
  const error = await failsWith('IO', () =>
    withTemporary('/nowhere at all', async () => new Spool().add(Buffer.from('a'))),
  );
  assert.match(error.message, /\/nowhere at all/);
});

test.run();
