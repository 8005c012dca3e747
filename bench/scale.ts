// What a photo costs where there are many of them:
//   node dist/bench/scale.js [--photos 1000,10000,100000] [--only WORD,…] [--work FOLDER] [--json FILE]
// Makes synthetic photos (some 4 kB each, real JPEGs), and measures each stage at each size in a process of its own, for
// whose peak memory is told. FOLDER keeps photos and catalogs, so that a second run goes on from there. With
// MINIO_ENDPOINT, or GILLNET_CATALOG=mysql://…, as `npm run servers` tells them, a bucket and a MySQL catalog are
// measured as well.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { type Measure, type Measured, measures } from './scale-measures.js';
import { smallPhotos, writeSynthetic } from './synthetic.js';

const { values: flags } = parseArgs({
  options: {
    photos: { type: 'string', default: '1000,10000,100000' },
    only: { type: 'string', default: '' },
    work: { type: 'string', default: '.gillnet/scale' },
    json: { type: 'string' },
    measure: { type: 'string' },
  },
});
const sizes = flags.photos.split(',').map(Number);
const work = path.resolve(flags.work);

if (flags.measure === undefined) await compareSizes();
else await measureHere(measures[flags.measure] as Measure, sizes[0] as number);

async function compareSizes(): Promise<void> {
  const words = flags.only.split(',');
  const names = Object.keys(measures).filter((name) => words.some((word) => name.includes(word)));
  const found: { name: string; photos: number; seconds: number; peak: number; items: number }[] =
    [];
  for (const photos of sizes) {
    await writeSynthetic(dataOf(photos), { ...smallPhotos, photos });
    for (const name of names) {
      const measured = await inOwnProcess(name, photos);
      if (!measured) continue;
      found.push({ name, photos, ...measured });
      const { seconds, items, peak } = measured;
      console.error(
        `${photos} ${name}: ${seconds.toFixed(3)} s, ${peak} MB${items === photos ? '' : `, of ${items}`}`,
      );
    }
  }
  const cost = (name: string, photos: number) => {
    const one = found.find((each) => each.name === name && each.photos === photos);
    return one ? (one.seconds / one.items) * 1e6 : null;
  };
  const peak = (name: string, photos: number) =>
    found.find((each) => each.name === name && each.photos === photos)?.peak;
  console.log(
    `${cpus()[0]?.model}, ${availableParallelism()} processors, Node ${process.version}\n`,
  );
  console.log(`| µs a photo | ${sizes.join(' | ')} | last / first | peak MB |`);
  console.log(`| --- |${' --- |'.repeat(sizes.length + 2)}`);
  for (const name of names) {
    const costs = sizes.map((photos) => cost(name, photos));
    if (costs.every((each) => each === null)) continue;
    const [first, last] = [costs[0], costs.at(-1)];
    const ratio = first && last ? (last / first).toFixed(2) : '';
    const told = costs.map((each) => (each === null ? '' : each.toFixed(1)));
    const peaks = sizes.map((photos) => peak(name, photos) ?? '').join(', ');
    console.log(`| ${name} | ${told.join(' | ')} | ${ratio} | ${peaks} |`);
  }
  if (flags.json) await writeFile(flags.json, `${JSON.stringify(found, null, 1)}\n`);
}

async function inOwnProcess(name: string, photos: number) {
  const file = fileURLToPath(import.meta.url);
  const args = ['--measure', name, '--photos', `${photos}`, '--work', work];
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args], {
    maxBuffer: 1e8,
  });
  const line = stdout.trim().split('\n').at(-1) as string;
  return JSON.parse(line) as (Measured & { peak: number }) | null;
}

async function measureHere(measure: Measure, photos: number): Promise<void> {
  const measured = await measure({ photos, work, data: dataOf(photos) });
  // Kilobytes on every system that Node runs on.
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify(measured && { ...measured, peak }));
}

function dataOf(photos: number): string {
  return path.join(work, `photos-${photos}`);
}
