// Extraction from an S3 server beside programs that only copy: each in turn copies the bucket into an empty folder.
// `fetch` is what extraction has of it, each photo held to its checksum and then forgotten; `extract` also decodes,
// fingerprints and catalogs each photo.
//   node dist/bench/extraction.js [--data FOLDER] [--rounds 3] [--mc PROGRAM] [--s5cmd PROGRAM] [--aws PROGRAM] [--json]
// Starts a MinIO (installed by `npm run test:integration`) and fills a bucket from FOLDER; without it from 1,000
// synthetic photos of 3.4 kB.
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
import { version } from '../lib/version.js';
import { startMinio } from '../test/servers/minio.js';
import { type Contestant, digits, takeTurns, tell } from './pairs.js';
import { writeSynthetic } from './synthetic.js';

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean' },
    mc: { type: 'string' },
    s5cmd: { type: 'string' },
    aws: { type: 'string' },
  },
});

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

const contestants = Object.entries(ways).map(
  ([name, way]): Contestant => ({
    name,
    async turn() {
      const into = path.join(folder, 'copy');
      await mkdir(into);
      const began = performance.now();
      await way(into);
      const seconds = (performance.now() - began) / 1000;
      await rm(into, { recursive: true });
      return objects.length / seconds;
    },
    end: async () => {},
  }),
);
const figures = await takeTurns(contestants, Number(flags.rounds));
const figuresOf = (name: string) => figures[Object.keys(ways).indexOf(name)];
const size = bytes / objects.length / 1000;
const own = ['fetch', 'extract'];
for (const ours of own) {
  for (const theirs of Object.keys(ways).filter((name) => !own.includes(name))) {
    const about = {
      name: `${ours}, ${objects.length} photos of ${digits(size)} kB, vs ${theirs}`,
      ...{ unit: 'photos/s', goal: ours === 'extract' ? '≥ 1' : null },
      ...{
        versions: { ours: `gillnet ${version}, ${ours}`, theirs },
        command: 'npm run bench -- extraction',
      },
    };
    tell(about, figuresOf(ours), figuresOf(theirs), flags.json);
  }
}
await rm(folder, { recursive: true });
await server.discard();

async function filled(): Promise<StoredObject[]> {
  await store.prepare();
  const from = flags.data ?? path.join(folder, 'photos');
  if (!flags.data) await writeSynthetic(from, 1000);
  for await (const _ of upload({ from: await openStore(from), to: store }));
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
