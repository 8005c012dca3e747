import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Store } from '../../lib/store/store.js';
import { startProxy } from '../servers/proxy.js';
import type { S3Server } from '../servers/s3.js';
import { bytesOf, envThrough, newStore, onEach, type S3Kind, storeAt } from '../support/s3.js';
import { root, suite } from '../support/suite.js';

const test = suite('lists of many objects');

/** What is written in seconds: a folder for each object takes MinIO longer. GILLNET_TEST_OBJECTS sets both. */
const objects: Record<string, number> = { versitygw: 100_000, MinIO: 10_000 };
const countFor = ({ name }: S3Kind) => Number(process.env.GILLNET_TEST_OBJECTS ?? objects[name]);

const keyOf = (index: number) => `train/label ${Math.floor(index / 1000)}/photo ${index}.jpg`;

/** Puts objects where the server keeps them: by requests it would take minutes. */
async function fill(kind: S3Kind, server: S3Server, store: Store, count: number): Promise<void> {
  const bucket = path.join(server.data, store.location.slice(5));
  // MinIO keeps a small object as a folder with one file, versitygw as a file.
  const inside = kind.name === 'MinIO' ? 'xl.meta' : '';
  for (let index = 0; index < count; index += 1) {
    const first = keyOf(index - (index % 1000));
    if (index % 1000 === 0) await store.create(first, bytesOf('same'));
    else {
      const file = path.join(bucket, keyOf(index), inside);
      if (inside) mkdirSync(path.dirname(file));
      linkSync(path.join(bucket, first, inside), file);
    }
  }
}

/** Lists in a process of its own, and takes its memory at a tenth of the way and at the end. */
const script = `
  import { accountFrom } from '${root}dist/lib/store/account.js';
  import { openBucket } from '${root}dist/lib/store/bucket.js';
  const [location, count] = process.argv.slice(1);
  const used = () => {
    gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  let seen = 0;
  let early = 0;
  let bytes = 0;
  for await (const object of openBucket(location, accountFrom()).list()) {
    seen += 1;
    bytes += object.bytes;
    if (seen === count / 10) early = used();
  }
  console.log(JSON.stringify({ seen, bytes, grown: used() - early }));
`;

onEach(test, 'all are listed, in memory that does not grow with them', async (kind, server) => {
  const store = await newStore(server);
  const count = countFor(kind);
  await fill(kind, server, store, count);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module', '--eval', script, store.location, String(count)],
    { encoding: 'utf8', env: { ...process.env, ...server.env } },
  );
  assert.ok(stdout, stderr);
  const { seen, bytes, grown } = JSON.parse(stdout);
  assert.is(seen, count);
  assert.is(bytes, count * bytesOf('same').length);
  // A listed object takes some 300 bytes; kept, nine tenths of 10,000 would be 2.7 MB.
  assert.ok(grown < 1_500_000, `${grown} bytes more`);

  const proxy = await startProxy(server);
  const env = envThrough(proxy, server);
  const lists = () => proxy.requests.filter(({ path }) => path.includes('list-type=2')).length;
  for await (const object of storeAt({ env }, store.location).list()) {
    assert.is(object.key, keyOf(0));
    break;
  }
  assert.is(lists(), 1, 'who stops early asks for no more pages');
  await proxy.close();
});

test.run();
