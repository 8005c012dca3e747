import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { cached } from '../lib/store/cached.js';
import { openDirectory } from '../lib/store/directory.js';
import { ObjectCache } from '../lib/store/object-cache.js';
import type { StoredObject } from '../lib/store/store.js';
import { ended, startModule } from './support/command.js';
import { writeFiles } from './support/photos.js';
import { root, suite, temporaryFolder } from './support/suite.js';

const test = suite('what is fetched is kept on disk');

/** Reads through the cache and tells how often the source was asked. */
function counting(cache: ObjectCache) {
  const fetched: string[] = [];
  const read = (identity: string, body = `content of ${identity}`) =>
    cache.read(identity, async () => {
      fetched.push(identity);
      return Buffer.from(body);
    });
  return { fetched, read };
}

async function filesOf(folder: string): Promise<{ file: string; bytes: number }[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async (entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return { file, bytes: (await stat(file)).size };
    }),
  );
}

test('what was fetched once is not fetched again, by a later process neither', async () => {
  const folder = temporaryFolder();
  const first = counting(new ObjectCache(folder, 1e6));
  assert.is((await first.read('a')).toString(), 'content of a');
  assert.is((await first.read('a')).toString(), 'content of a');
  const later = counting(new ObjectCache(folder, 1e6));
  assert.is((await later.read('a')).toString(), 'content of a');
  assert.is((await later.read('b')).toString(), 'content of b');
  assert.equal([first.fetched, later.fetched], [['a'], ['b']]);
});

test('a file that was damaged, or never became whole, is fetched again and mended', async () => {
  const folder = temporaryFolder();
  const cache = counting(new ObjectCache(folder, 1e6));
  await cache.read('a');
  const [held] = await filesOf(folder);
  const whole = await readFile(held?.file ?? '');
  const flipped = Buffer.from(whole);
  flipped[40] = (flipped[40] ?? 0) ^ 1;
  for (const damaged of [flipped, whole.subarray(0, 36), whole.subarray(0, 5), Buffer.alloc(0)]) {
    await writeFile(held?.file ?? '', damaged);
    assert.is((await cache.read('a')).toString(), 'content of a');
    assert.equal(await readFile(held?.file ?? ''), whole);
  }
  assert.is(cache.fetched.length, 5);
});

test('the folder stays within its limit, and what was used last stays', async () => {
  const folder = temporaryFolder();
  const limit = 1e6;
  const cache = counting(new ObjectCache(folder, limit));
  const body = 'x'.repeat(20_000);
  await cache.read('old but used', body);
  for (let at = 0; at < 45; at += 1) await cache.read(`first ${at}`, body);
  const longAgo = new Date(Date.now() - 86_400_000);
  for (const { file } of await filesOf(folder)) await utimes(file, longAgo, longAgo);
  await cache.read('old but used', body);
  for (let at = 0; at < 40; at += 1) await cache.read(`second ${at}`, body);
  const total = (await filesOf(folder)).reduce((sum, { bytes }) => sum + bytes, 0);
  assert.ok(total <= 1.05 * limit && total > 0.8 * limit, `${total} bytes`);
  const before = cache.fetched.length;
  await cache.read('old but used', body);
  await cache.read('second 39', body);
  assert.is(cache.fetched.length, before);
  await cache.read('first 0', body);
  assert.is(cache.fetched.length, before + 1);
});

test('what killed processes left half written goes', async () => {
  const folder = temporaryFolder();
  const left = path.join(folder, `.${hostname()}.999999999.1.tmp`);
  await writeFile(left, 'half');
  await counting(new ObjectCache(folder, 1e6)).read('a');
  assert.not.ok(existsSync(left));
});

test('a folder that can not be written is told of once, and costs nothing but time', async () => {
  const folder = path.join(temporaryFolder(), 'a file');
  await writeFile(folder, '');
  const warnings: string[] = [];
  const cache = counting(new ObjectCache(folder, 1e6, (code, text) => warnings.push(code + text)));
  await Promise.all(['a', 'b', 'c'].map((each) => cache.read(each)));
  assert.is((await cache.read('a')).toString(), 'content of a');
  assert.is(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^CACHE.*a file.*GILLNET_CACHE/);
});

test('a limit of nothing keeps nothing', async () => {
  const folder = path.join(temporaryFolder(), 'none');
  const cache = counting(new ObjectCache(folder, 0));
  await cache.read('a');
  await cache.read('a');
  assert.is(cache.fetched.length, 2);
  assert.not.ok(existsSync(folder));
});

test('two processes share one folder that is too small for them', async () => {
  const folder = temporaryFolder();
  const limit = 2e6;
  const script = `
    import { ObjectCache } from ${JSON.stringify(path.join(root, 'dist/lib/store/object-cache.js'))};
    const cache = new ObjectCache(${JSON.stringify(folder)}, ${limit}, (...said) => console.error(...said));
    const bodyOf = (at) => Buffer.alloc(20_000, String(at));
    for (let turn = 0; turn < 600; turn += 1) {
      const at = (turn * 7919) % 300;
      const body = await cache.read(String(at), async () => bodyOf(at));
      if (!body.equals(bodyOf(at))) throw new Error('another content for ' + at);
    }
  `;
  for (const { status, stderr } of await Promise.all([1, 2].map(() => ended(startModule(script)))))
    assert.equal([status, stderr], [0, '']);
  const files = await filesOf(folder);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  assert.ok(total <= 1.1 * limit, `${total} bytes`);
  assert.not.ok(files.some(({ file }) => file.endsWith('.tmp')));
});

test('copies of one content are fetched once where the tag tells it', async () => {
  const folder = temporaryFolder();
  await writeFiles(folder, { 'train/a.jpg': 'same', 'test/b.jpg': 'same' });
  const directory = openDirectory(folder);
  const read: string[] = [];
  const counted = {
    ...directory,
    get(object: StoredObject) {
      read.push(object.key);
      return directory.get(object);
    },
  };
  const store = cached(counted, new ObjectCache(temporaryFolder(), 1e6));
  const md5 = createHash('md5').update('same').digest('hex');
  for (const etag of [md5, 'made up']) {
    for (const key of ['train/a.jpg', 'test/b.jpg', 'train/a.jpg']) {
      assert.is((await store.get({ key, etag, bytes: 4 })).toString(), 'same');
    }
  }
  assert.equal(read, ['train/a.jpg', 'train/a.jpg', 'test/b.jpg']);
});

test.run();
