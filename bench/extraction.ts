// Extraction from an S3 server beside programs that only copy, in turns:
//   node dist/bench/extraction.js --data FOLDER [--turns 3] [--mc PROGRAM] [--s5cmd PROGRAM] [--aws PROGRAM]
// Starts a MinIO (installed by `npm run test:integration`), fills a bucket from FOLDER, and then takes turns: each
// program copies the bucket into an empty folder; `fetch` is what extraction has of it, each photo held to its checksum
// and then forgotten; `extract` also decodes, fingerprints and catalogs each photo.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { openCatalog } from '../lib/catalog/open.js';
import { mapConcurrent } from '../lib/concurrency.js';
import { extract } from '../lib/pipeline/extract.js';
import { upload } from '../lib/pipeline/upload.js';
import { openStore } from '../lib/store/open.js';
import type { StoredObject } from '../lib/store/store.js';
import { startMinio } from '../test/servers/minio.js';

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    turns: { type: 'string', default: '3' },
    mc: { type: 'string' },
    s5cmd: { type: 'string' },
    aws: { type: 'string' },
  },
});
if (!flags.data) throw new Error('--data FOLDER is missing');

const server = await startMinio();
const { endpoint, accessKey, secretKey } = server;
Object.assign(process.env, server.env, {
  AWS_ACCESS_KEY_ID: accessKey,
  AWS_SECRET_ACCESS_KEY: secretKey,
  AWS_REGION: 'us-east-1',
  MC_HOST_bench: endpoint.replace('://', `://${accessKey}:${secretKey}@`),
});
const folder = await mkdtemp(path.join(tmpdir(), 'gillnet-bench-'));
const store = await openStore('s3://photos');
const objects = await filled();
const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);

const ways: Record<string, (into: string) => Promise<unknown>> = {
  ...(flags.mc && {
    'mc mirror': (into) =>
      run(flags.mc as string, ['--config-dir', folder, 'mirror', '--quiet', 'bench/photos', into]),
  }),
  ...(flags.s5cmd && {
    's5cmd cp': (into) =>
      run(flags.s5cmd as string, ['--endpoint-url', endpoint, 'cp', 's3://photos/*', `${into}/`]),
  }),
  ...(flags.aws && {
    'aws s3 sync': (into) =>
      run(flags.aws as string, ['--endpoint-url', endpoint, 's3', 'sync', 's3://photos', into]),
  }),
  fetch: async () => {
    for await (const _ of mapConcurrent(await listed(), 32, (object) => store.get(object)));
  },
  extract: async (into) => {
    const catalog = await openCatalog(`sqlite:${path.join(into, 'catalog.db')}`);
    for await (const _ of extract({ store, catalog }));
    await catalog.close();
  },
};

const seconds = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
for (let turn = 0; turn < Number(flags.turns); turn += 1) {
  for (const [name, way] of Object.entries(ways)) {
    const into = path.join(folder, 'copy');
    await mkdir(into);
    const began = performance.now();
    await way(into);
    seconds.get(name)?.push((performance.now() - began) / 1000);
    await rm(into, { recursive: true });
  }
}
console.log(`${objects.length} photos of ${(bytes / objects.length / 1000).toFixed(1)} kB\n`);
console.log('| | s | photos/s | MB/s |\n| --- | --- | --- | --- |');
for (const [name, all] of seconds) {
  const median = all.toSorted((a, b) => a - b)[all.length >> 1] as number;
  const spread = `${Math.min(...all).toFixed(2)}–${Math.max(...all).toFixed(2)}`;
  const rates = [objects.length / median, bytes / median / 1e6].map((rate) => rate.toFixed(1));
  console.log(`| ${[name, `${median.toFixed(2)} (${spread})`, ...rates].join(' | ')} |`);
}
await rm(folder, { recursive: true });
await server.discard();

async function filled(): Promise<StoredObject[]> {
  await store.prepare();
  for await (const _ of upload({ from: await openStore(flags.data as string), to: store }));
  return listed();
}

async function listed(): Promise<StoredObject[]> {
  const all: StoredObject[] = [];
  for await (const object of store.list()) all.push(object);
  return all;
}

function run(program: string, args: string[]): Promise<unknown> {
  return promisify(execFile)(program, args, { maxBuffer: 1e9 });
}
