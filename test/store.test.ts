import { chmodSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { openStore } from '../lib/store/open.js';
import type { StoredObject } from '../lib/store/store.js';
import { failsWith } from './support/errors.js';
import { writeFiles } from './support/photos.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('stores');

test('a store never overwrites, and says what is missing', async () => {
  const store = await openStore(temporaryFolder());
  await store.create('a/b.pt', Buffer.from('first'));
  await failsWith('EXISTS', () => store.create('a/b.pt', Buffer.from('second')));
  const objects: StoredObject[] = [];
  for await (const object of store.list()) objects.push(object);
  assert.equal(
    objects.map(({ key }) => key),
    ['a/b.pt'],
  );
  const [first] = objects as [StoredObject];
  assert.is((await store.get(first)).toString(), 'first');
  await failsWith('NOT_FOUND', () => store.get({ ...first, key: 'a/c.pt' }));
});

const nobody = 65_534;
test.needs(
  process.getuid?.() === 0 ? '/' : '/the system’s administrator',
  'a folder that can’t be looked at is told, not left out',
  async () => {
    const folder = temporaryFolder();
    await writeFiles(folder, { 'a/1.jpg': '1', 'b/2.jpg': '2', 'c.jpg': '3' });
    symlinkSync('nothing', path.join(folder, 'broken.jpg'));
    assert.equal(await keysIn(folder), ['a/1.jpg', 'b/2.jpg', 'c.jpg']);
    chmodSync(folder, 0o755);
    chmodSync(path.join(folder, 'b'), 0o644);
    process.seteuid?.(nobody);
    try {
      const { message } = await failsWith('IO', () => keysIn(folder));
      assert.match(message, /EACCES.*b/);
    } finally {
      process.seteuid?.(0);
    }
  },
);

async function keysIn(folder: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of (await openStore(folder)).list()) keys.push(key);
  return keys;
}

test('a store of another kind is refused', async () => {
  await failsWith('USAGE', () => openStore('gs://bucket'));
});

test.run();
