// What a photo costs where there are many of them:
//   node dist/bench/scale.js [--photos 1000,10000,100000] [--only WORD,…] [--memory 1e9] [--servers] [--work FOLDER]
//     [--json FILE]
// Makes synthetic photos (some 4 kB each, real JPEGs), and measures each stage at each size in a process of its own, for
// whose peak memory is told. FOLDER keeps photos and catalogs, so that a second run goes on from there. With --servers,
// a bucket of a MinIO and a catalog of a MariaDB are measured as well, which it starts (installed by `npm run
// test:integration`); or those that MINIO_ENDPOINT and GILLNET_CATALOG=mysql://… name, as `npm run servers` tells them.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { startMariadb } from '../test/servers/mariadb.js';
import { startMinio } from '../test/servers/minio.js';
import { type Measure, type Measured, measures } from './scale-measures.js';
import { writeSynthetic } from './synthetic.js';

const { values: flags } = parseArgs({
  options: {
    photos: { type: 'string', default: '1000,10000,100000' },
    only: { type: 'string', default: '' },
    memory: { type: 'string', default: '1e9' },
    servers: { type: 'boolean', default: false },
    work: { type: 'string', default: '.gillnet/scale' },
    json: { type: 'string' },
    measure: { type: 'string' },
  },
});
/** The tests' own start sooner with less. */
const defaultLog = '--innodb-log-file-size=96M';
type Found = Measured & { name: string; photos: number; peak: number };

const sizes = flags.photos.split(',').map(Number);
const work = path.resolve(flags.work);
const memory = Number(flags.memory);

if (flags.measure === undefined) await compareSizes();
else await measureHere(measures[flags.measure] as Measure, sizes[0] as number);

async function compareSizes(): Promise<void> {
  const servers = flags.servers
    ? [await startMinio(), await startMariadb({ args: [defaultLog] })]
    : [];
  for (const { env } of servers) Object.assign(process.env, env);
  const words = flags.only.split(',');
  const names = Object.keys(measures).filter((name) => words.some((word) => name.includes(word)));
  const found: Found[] = [];
  for (const photos of sizes) {
    await writeSynthetic(dataOf(photos), photos);
    for (const name of names) {
      const measured = await inOwnProcess(name, photos);
      if (!measured) continue;
      found.push({ name, photos, ...measured });
      const { seconds, cpu, items, peak } = measured;
      const of = items === photos ? '' : `, of ${items}`;
      const spent = `${seconds.toFixed(3)} s, ${cpu.toFixed(3)} s of processors`;
      console.error(`${photos} ${name}: ${spent}, ${peak} MB${of}`);
    }
  }
  for (const server of servers) await server.discard();
  console.log(table(names, found));
  if (flags.json) await writeFile(flags.json, `${JSON.stringify(found, null, 1)}\n`);
}

/** A row for each measure, a column for each size. */
function table(names: string[], found: Found[]): string {
  const perPhoto = (seconds: number, { items }: Measured) => (seconds / items) * 1e6;
  const rows = names.map((name) => {
    const those = sizes.map((photos) =>
      found.find((each) => each.name === name && each.photos === photos),
    );
    if (!those.some(Boolean)) return [];
    const [first, last] = [those[0], those.at(-1)];
    const ratio = first && last && perPhoto(last.cpu, last) / perPhoto(first.cpu, first);
    const costs = those.map((each) =>
      each
        ? `${perPhoto(each.seconds, each).toFixed(1)} (${perPhoto(each.cpu, each).toFixed(1)})`
        : '',
    );
    const peaks = those.map((each) => each?.peak ?? '').join(', ');
    return `| ${[name, ...costs, ratio?.toFixed(2) ?? '', peaks].join(' | ')} |`;
  });
  return [
    `${cpus()[0]?.model}, ${availableParallelism()} processors, Node ${process.version}`,
    'Microseconds a photo, and in brackets those of all processors together, of which the last column but one is.',
    '',
    `| | ${sizes.join(' | ')} | last / first | peak MB |`,
    `| --- |${' --- |'.repeat(sizes.length + 2)}`,
    ...rows.flat(),
  ].join('\n');
}

async function inOwnProcess(name: string, photos: number) {
  const file = fileURLToPath(import.meta.url);
  const args = [
    '--measure',
    name,
    '--photos',
    `${photos}`,
    '--work',
    work,
    '--memory',
    flags.memory,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args], {
    maxBuffer: 1e8,
  });
  const line = stdout.trim().split('\n').at(-1) as string;
  return JSON.parse(line) as (Measured & { peak: number }) | null;
}

async function measureHere(measure: Measure, photos: number): Promise<void> {
  const measured = await measure({ photos, work, data: dataOf(photos), memory });
  // Kilobytes on every system that Node runs on.
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify(measured && { ...measured, peak }));
}

function dataOf(photos: number): string {
  return path.join(work, `photos-${photos}`);
}
