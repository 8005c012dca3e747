import * as assert from 'uvu/assert';
import { mapConcurrent } from '../../lib/concurrency.js';
import type { Store } from '../../lib/store/store.js';
import { type Fault, type HttpProxy, startProxy } from '../servers/proxy.js';
import type { S3Server } from '../servers/s3.js';
import { failsWith } from '../support/errors.js';
import {
  bytesOf,
  envThrough,
  listed,
  listener,
  newStore,
  onEach,
  type S3Kind,
  s3Kinds,
  serverOf,
  storeAt,
} from '../support/s3.js';
import { suite } from '../support/suite.js';

const test = suite('a network that fails');
const length = 200_000;
const keys = Array.from({ length: 20 }, (_, index) => `photo ${index}.jpg`);

interface Scene {
  proxy: HttpProxy;
  /** The bucket as it is, and through the proxy. */
  direct: Store;
  store: Store;
  codes: string[];
}

/** A bucket with objects behind a proxy that does nothing yet. */
async function behindProxy(server: S3Server, work: (scene: Scene) => Promise<void>): Promise<void> {
  const direct = await newStore(server);
  for (const key of keys) await direct.create(key, bytesOf(key, length));
  const proxy = await startProxy(server);
  const { codes, caller } = listener();
  const store = storeAt({ env: envThrough(proxy, server) }, direct.location, caller);
  await store.prepare();
  proxy.requests.length = 0;
  try {
    await work({ proxy, direct, store, codes });
  } finally {
    await proxy.close();
  }
}

async function readAll(store: Store): Promise<void> {
  const objects = await listed(store);
  assert.is(objects.length, keys.length);
  let at = 0;
  for await (const body of mapConcurrent(objects, 8, (object) => store.get(object))) {
    const { key } = objects[at] as { key: string };
    assert.ok(body.equals(bytesOf(key, length)), key);
    at += 1;
  }
}

const faults: Fault[] = [
  { kind: 'reset' },
  { kind: 'lose' },
  { kind: 'cut', bytes: 300 },
  { kind: 'flip' },
  { kind: 'status', status: 503 },
  { kind: 'status', status: 500 },
  { kind: 'delay', milliseconds: 300 },
];

onEach(test, 'downloads come whole through every fault', async (_, server) => {
  await behindProxy(server, async ({ proxy, store }) => {
    for (const fault of faults) {
      const met = new Set<string>();
      proxy.requests.length = 0;
      // A third of the photos, each once.
      proxy.fault = ({ path }) => {
        if (!/photo%20\d*[258]\.jpg/.test(path) || met.has(path)) return undefined;
        met.add(path);
        return fault;
      };
      await readAll(store);
      assert.is(met.size, 6, fault.kind);
      const reads = proxy.requests.filter(({ path }) => path.includes('photo'));
      assert.is(reads.length, keys.length + (fault.kind === 'delay' ? 0 : met.size), fault.kind);
    }
  });
});

onEach(test, 'lists come whole through what breaks them off', async (_, server) => {
  await behindProxy(server, async ({ proxy, store }) => {
    for (const fault of faults.filter(({ kind }) => kind !== 'flip')) {
      let met = 0;
      proxy.fault = ({ path }) => {
        if (!path.includes('list-type=2')) return undefined;
        met += 1;
        return met < 3 ? fault : undefined;
      };
      const found = (await listed(store)).map(({ key }) => key);
      assert.equal(found, [...keys].sort(), fault.kind);
      assert.is(met, fault.kind === 'delay' ? 1 : 3, fault.kind);
    }
  });
});

onEach(test, 'uploads arrive once, whatever becomes of the answers', async (_, server) => {
  await behindProxy(server, async ({ proxy, direct, store }) => {
    for (const [index, fault] of faults.entries()) {
      const key = `new ${index}`;
      const body = bytesOf(key, length);
      let met = 0;
      proxy.fault = ({ method }) => {
        if (method !== 'PUT') return undefined;
        met += 1;
        return met < 3 ? fault : undefined;
      };
      await store.create(key, body);
      assert.ok(met > 0);
      proxy.fault = () => undefined;
      const object = (await listed(direct, key))[0];
      assert.ok(object && (await direct.get(object)).equals(body), fault.kind);
      await failsWith('EXISTS', () => store.create(key, bytesOf('other', length)));
    }
  });
});

onEach(test, 'a busy time is waited out with growing pauses, and told once', async (_, server) => {
  await behindProxy(server, async ({ proxy, store, codes }) => {
    const until = performance.now() + 4000;
    proxy.fault = () => (performance.now() < until ? { kind: 'status', status: 503 } : undefined);
    await Promise.all([readAll(store), readAll(store)]);
    assert.equal(codes, ['SERVER_AWAY', 'SERVER_BACK']);
    const during = proxy.requests.filter(({ at }) => at < until);
    assert.ok(during.length <= 20, `${during.length} requests in 4 s: it is not hammered`);
    assert.ok(performance.now() < until + 8000, 'and gone on with soon');
  });
});

const [minio, versity] = s3Kinds as [S3Kind, S3Kind];

test.needs(
  minio.program,
  'objects that are throttled for long do not count as damaged',
  async () => {
    await behindProxy(await serverOf(minio), async ({ proxy, store, codes }) => {
      const until = performance.now() + 14_000;
      proxy.fault = ({ method, path }) =>
        method === 'GET' && path.includes('photo') && performance.now() < until
          ? { kind: 'status', status: 429 }
          : undefined;
      await readAll(store);
      assert.ok(performance.now() > until);
      assert.equal(codes, ['SERVER_AWAY', 'SERVER_BACK']);
    });
  },
);

test.needs(versity.program, 'what always breaks off is told, and the others are read', async () => {
  await behindProxy(await serverOf(versity), async ({ proxy, store }) => {
    proxy.fault = ({ path }) =>
      path.includes('photo%205.jpg') ? { kind: 'cut', bytes: 1000 } : undefined;
    const outcomes = await Promise.allSettled(
      (await listed(store)).map(async (object) => ({ object, body: await store.get(object) })),
    );
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.is(failed.length, 1);
    const { code, message } = (failed[0] as PromiseRejectedResult).reason;
    assert.is(code, 'DAMAGED');
    assert.match(message, /photo 5\.jpg.*ECONNRESET/);
  });
});

test.run();
