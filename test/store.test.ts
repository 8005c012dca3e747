import * as assert from 'uvu/assert';
import { openStore } from '../lib/store/open.js';
import type { StoredObject } from '../lib/store/store.js';
import { failsWith } from './support/errors.js';
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

test('a store of another kind is refused', async () => {
  await failsWith('USAGE', () => openStore('gs://bucket'));
});

test.run();
