import * as assert from 'uvu/assert';
import { failsWith } from '../support/errors.js';
import { bytesOf, clientOf, listed, newStore, objectAt, onEach, storeAt } from '../support/s3.js';
import { suite } from '../support/suite.js';

const test = suite('keys of a bucket');

const keys = [
  'plain.jpg',
  'train/Gold Fish/Gold Fish (1).jpg',
  'train/Gold Fish/ two  spaces .jpg',
  'brackets/[1]{2}<3>(4).jpg',
  'signs/a+b.jpg',
  'signs/a%b.jpg',
  'signs/a%20b.jpg',
  'signs/a%2Fb.jpg',
  'signs/a#b?c=d&e.jpg',
  `signs/"double" 'single' \`back\`.jpg`,
  "signs/!$*,:;=@~^|'().jpg",
  'signs/back\\slash.jpg',
  'other/é in one sign.jpg'.normalize('NFC'),
  'other/é in two signs.jpg'.normalize('NFD'),
  'other/日本語 ไทย العربية.jpg',
  'other/🐟🐠.jpg',
  'hidden/.DS_Store',
  '.leading/..dots.jpg',
  'signs/a&amp;b&lt;.jpg',
  'ends/with.dot.',
  ' begins and ends with a space ',
  '007',
  '1.50',
  'true',
  `long/${'x'.repeat(250)}`,
  `deep/${'abcdefghi/'.repeat(101)}${'z'.repeat(9)}`,
];

onEach(test, 'a key may hold any character, all the way round', async (_, server) => {
  assert.is(
    Math.max(...keys.map((key) => Buffer.byteLength(key))),
    1024,
    'the longest that S3 has',
  );
  const store = await newStore(server);
  for (const key of keys) await store.create(key, bytesOf(key));
  const objects = await listed(store);
  assert.equal(objects.map(({ key }) => key).sort(), [...keys].sort());
  for (const object of objects) {
    const expected = bytesOf(object.key);
    assert.is(object.bytes, expected.length, object.key);
    assert.ok((await store.get(object)).equals(expected), object.key);
    assert.ok(await store.holds(object, expected), object.key);
    assert.not.ok(await store.holds(object, bytesOf('other')), object.key);
    assert.is(
      store.urlOf(object.key),
      `${server.endpoint}/${store.location.slice(5)}/${object.key}`,
    );
  }
});

onEach(test, 'other programs see the keys as they are', async (_, server) => {
  const store = await newStore(server);
  const bucket = store.location.slice(5);
  for (const key of keys) await store.create(key, bytesOf(key));
  const client = clientOf(server);
  for (const key of keys) {
    const { size } = await client.statObject(bucket, key);
    assert.is(size, bytesOf(key).length, key);
  }
});

onEach(test, 'a list may begin with any character', async (_, server) => {
  const store = await newStore(server);
  for (const key of keys) await store.create(key, bytesOf(key));
  for (const prefix of keys.map((key) => key.slice(0, -1))) {
    const expected = keys.filter((key) => key.startsWith(prefix));
    assert.equal(
      (await listed(store, prefix)).map(({ key }) => key).sort(),
      expected.sort(),
      prefix,
    );
  }
});

onEach(test, 'keys come in the order of their bytes', async (_, server) => {
  const store = await newStore(server);
  const unordered = ['b', 'a/b', 'a.jpg', 'a-b', 'B', 'é', '🐟', 'a/B', 'ﬁ', 'a b'];
  for (const key of unordered) await store.create(key, bytesOf(key));
  const sorted = [...unordered].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.equal(
    (await listed(store)).map(({ key }) => key),
    sorted,
  );
});

onEach(test, 'an empty object and one of megabytes come back whole', async (_, server) => {
  const store = await newStore(server);
  for (const length of [0, 1, 9_000_001]) {
    const body = bytesOf('big', length);
    await store.create(`size ${length}`, body);
    const object = await objectAt(store, `size ${length}`);
    assert.is(object.bytes, length);
    assert.ok((await store.get(object)).equals(body), String(length));
    assert.ok(await store.holds(object, body));
  }
});

onEach(test, 'a store below a prefix sees only what is below it', async (_, server) => {
  const whole = await newStore(server);
  for (const key of ['a/1', 'a/b/2', 'ab/3', '4']) await whole.create(key, bytesOf(key));
  const below = storeAt(server, `${whole.location}/a`);
  assert.equal((await listed(below)).map(({ key }) => key).sort(), ['1', 'b/2']);
  assert.equal(
    (await listed(below, 'b/')).map(({ key }) => key),
    ['b/2'],
  );
  assert.ok((await below.get(await objectAt(below, '1'))).equals(bytesOf('a/1')));
  await below.create('new one', bytesOf('new'));
  assert.ok(await objectAt(whole, 'a/new one'));
  assert.is(below.urlOf('1'), `${server.endpoint}/${whole.location.slice(5)}/a/1`);
  await failsWith('NOT_FOUND', () => below.get({ key: '4', bytes: 1, etag: 'x' }));
});

onEach(test, 'a missing bucket is made, once for all that come at once', async (_, server) => {
  const location = 's3://made-when-missing';
  const stores = [1, 2, 3, 4].map(() => storeAt(server, location));
  await Promise.all(stores.map((store) => store.prepare()));
  const [store] = stores;
  assert.equal(await listed(store as (typeof stores)[0]), []);
  // Also on the way, without having been asked for.
  const other = storeAt(server, 's3://made-on-the-way');
  await other.create('key', bytesOf('key'));
  assert.ok(await objectAt(other, 'key'));
});

onEach(test, 'listing or reading a bucket that is not there names it', async (_, server) => {
  const store = storeAt(server, 's3://not-there');
  const error = await failsWith('NOT_FOUND', () => listed(store));
  assert.match(error.message, /not-there/);
  await failsWith('NOT_FOUND', () => store.get({ key: 'k', bytes: 1, etag: 'x' }));
});

test.run();
