import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { mapConcurrent } from '../../lib/concurrency.js';
import { freePort } from '../servers/ports.js';
import { ended, startModule } from '../support/command.js';
import { failsWith } from '../support/errors.js';
import { bytesOf, listed, listener, newStore, objectAt, onEach, storeAt } from '../support/s3.js';
import { root, suite } from '../support/suite.js';

const test = suite('an S3 server that goes away');

const env = { MINIO_ACCESS_KEY: 'somebody', MINIO_SECRET_KEY: 'something' };
const object = { key: 'key', bytes: 1, etag: 'x' };

/** Each call fails within 5 s, and says where it looked and what to set. */
async function isUnreachable(port: number): Promise<void> {
  const at = { env: { ...env, MINIO_ENDPOINT: `http://127.0.0.1:${port}` } };
  const store = () => storeAt(at, 's3://bucket');
  const began = performance.now();
  await Promise.all(
    [
      () => listed(store()),
      () => store().prepare(),
      () => store().get(object),
      () => store().create('key', bytesOf('key')),
    ].map(async (work) => {
      const error = await failsWith('UNREACHABLE', work);
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port} .*MINIO_ENDPOINT`));
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  assert.ok(seconds < 5, `${seconds} s`);
}

test('one that is not there is told within 5 s', async () => {
  await isUnreachable(await freePort());
});

test('one that takes connections and never answers is told within 5 s', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  try {
    await isUnreachable((silent.address() as AddressInfo).port);
  } finally {
    silent.close();
  }
});

onEach(test, 'killed and restarted amid 200 downloads', async (kind) => {
  const server = await kind.start();
  const { codes, messages, caller } = listener();
  const store = await newStore(server, caller);
  const keys = Array.from({ length: 200 }, (_, index) => `photo ${index}.jpg`);
  for await (const _ of mapConcurrent(keys, 8, (key) => store.create(key, bytesOf(key, 50_000))));
  const objects = await listed(store);
  let done = 0;
  let outage: Promise<void> | undefined;
  for await (const body of mapConcurrent(objects, 16, (each) => store.get(each))) {
    assert.ok(body.equals(bytesOf(objects[done]?.key ?? '', 50_000)));
    done += 1;
    if (done === 60) {
      outage = server
        .kill()
        .then(() => pause(1500))
        .then(() => server.start());
    }
  }
  await outage;
  assert.is(done, 200);
  assert.equal(codes, ['SERVER_AWAY', 'SERVER_BACK']);
  assert.match(messages[0] ?? '', new RegExp(`127\\.0\\.0\\.1:${server.port}`));
  await server.discard();
});

onEach(test, 'killed and restarted amid a list', async (kind) => {
  const server = await kind.start();
  const { codes, caller } = listener();
  const store = await newStore(server, caller);
  const keys = Array.from({ length: 1100 }, (_, index) => `photo ${index}.jpg`);
  for await (const _ of mapConcurrent(keys, 16, (key) => store.create(key, bytesOf(0, 10))));
  const seen: string[] = [];
  let outage: Promise<void> | undefined;
  for await (const { key } of store.list()) {
    seen.push(key);
    if (seen.length === 500) {
      await server.kill();
      outage = pause(1500).then(() => server.start());
    }
  }
  await outage;
  assert.equal(seen, [...keys].sort());
  assert.equal(codes, ['SERVER_AWAY', 'SERVER_BACK']);
  await server.discard();
});

onEach(test, 'killed and restarted amid an upload', async (kind) => {
  const server = await kind.start();
  const { codes, caller } = listener();
  const store = await newStore(server, caller);
  const body = Buffer.alloc(60_000_000, bytesOf('model'));
  const upload = store.create('model.pt', body);
  await pause(30);
  await server.kill();
  await pause(1500);
  await server.start();
  await upload;
  assert.ok((await store.get(await objectAt(store, 'model.pt'))).equals(body));
  assert.equal(codes, ['SERVER_AWAY', 'SERVER_BACK']);
  await failsWith('EXISTS', () => store.create('model.pt', Buffer.alloc(60_000_000, 1)));
  await server.discard();
});

onEach(test, 'an uploading process that is killed leaves nothing', async (_, server) => {
  const store = await newStore(server);
  const script = `
    import { accountFrom } from '${root}dist/lib/store/account.js';
    import { openBucket } from '${root}dist/lib/store/bucket.js';
    const store = openBucket('${store.location}', accountFrom());
    await store.prepare();
    const body = Buffer.alloc(300_000_000, 7);
    console.log('uploads');
    await store.create('model.pt', body);
    console.log('done');
  `;
  const child = startModule(script, [], { env: { ...process.env, ...server.env } });
  const { stdout } = await ended(child, (said) => {
    if (said.trim() === 'uploads') setTimeout(() => child.kill('SIGKILL'), 400);
  });
  assert.is(stdout.trim(), 'uploads', 'it was killed before it was done');
  await pause(300);
  assert.equal(await listed(store), []);
  await store.create('model.pt', bytesOf('whole'));
  assert.ok((await store.get(await objectAt(store, 'model.pt'))).equals(bytesOf('whole')));
});

onEach(test, 'a stop ends the waiting for it', async (kind) => {
  const server = await kind.start();
  const stop = new AbortController();
  const store = storeAt(server, 's3://bucket', { signal: stop.signal });
  await store.prepare();
  await server.kill();
  const waiting = store.create('key', bytesOf('key')).catch((error) => error);
  await pause(500);
  const reason = new Error('stopped');
  const began = performance.now();
  stop.abort(reason);
  assert.is(await waiting, reason);
  assert.ok(performance.now() - began < 1000);
  await server.discard();
});

test.run();
