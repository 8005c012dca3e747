// How well near-duplicates are found, and how fast, on photos of one's own:
//   node dist/bench/near-duplicates.js --data FOLDER [--photos 300] [--only TEXT] [--tiles 3] [--list FILE]
// Photos of equal bytes count once. Each change of bench/variants.ts is made of --photos of them, drawn by
// lot, and looked for among all originals; --only makes those whose names hold a text. --tiles cuts each
// photo into that many squared parts, which have nothing in common, for the speed with many photos.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { encode } from '../lib/fingerprints/encoding.js';
import { fingerprintOf } from '../lib/fingerprints/examine.js';
import type { Fingerprint } from '../lib/fingerprints/fingerprint.js';
import { type NearDuplicate, nearDuplicates } from '../lib/fingerprints/near-duplicates.js';
import { isPhotoName } from '../lib/photos/formats.js';
import { random } from '../lib/random.js';
import { sha256Of } from '../lib/sha256.js';
import { changes } from './variants.js';

interface Known {
  id: string;
  fingerprint: Fingerprint;
}

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    photos: { type: 'string', default: '300' },
    only: { type: 'string', default: '' },
    tiles: { type: 'string', default: '0' },
    list: { type: 'string' },
  },
});
if (!flags.data) throw new Error('--data FOLDER is missing');
const photos = await distinctPhotos(flags.data);
const originals = await fingerprints();
await amongOriginals();
await recall(Number(flags.photos));
if (Number(flags.tiles) > 0) await speed(Number(flags.tiles));

async function distinctPhotos(folder: string): Promise<{ id: string; bytes: Buffer }[]> {
  const byContent = new Map<string, { id: string; bytes: Buffer }>();
  for (const id of (await readdir(folder, { recursive: true })).sort()) {
    if (!isPhotoName(id)) continue;
    const bytes = await readFile(path.join(folder, id));
    const content = sha256Of(bytes);
    if (!byContent.has(content)) byContent.set(content, { id, bytes });
  }
  return [...byContent.values()];
}

async function fingerprints(): Promise<Known[]> {
  const known: Known[] = [];
  let longest = 0;
  const begin = performance.now();
  for (const { id, bytes } of photos) {
    const fingerprint = await fingerprintOf(bytes);
    longest = Math.max(longest, encode(fingerprint).length);
    known.push({ id, fingerprint });
  }
  const each = (performance.now() - begin) / photos.length;
  const decoding = performance.now();
  for (const { bytes } of photos) await sharp(bytes).raw().toBuffer();
  const alone = (performance.now() - decoding) / photos.length;
  console.log(
    `${photos.length} distinct photos; a fingerprint takes ${each.toFixed(1)} ms with decoding and ` +
      `${longest} bytes at most; decoding at full size alone takes ${alone.toFixed(1)} ms`,
  );
  return known;
}

/** What is found among the photos themselves: real near-duplicates, and false ones, for a person to look at. */
async function amongOriginals(): Promise<void> {
  const begin = performance.now();
  const found = nearDuplicates(originals);
  const seconds = (performance.now() - begin) / 1000;
  const pairs = (originals.length * (originals.length - 1)) / 2;
  const count = (kind: NearDuplicate['kind']) => found.filter((pair) => pair.kind === kind).length;
  console.log(
    `among them, of ${pairs} pairs: ${count('same photo')} same photo, ${count('same scene')} same scene ` +
      `(${seconds.toFixed(1)} s)`,
  );
  if (flags.list) await writeFile(flags.list, JSON.stringify(found, null, 1));
}

/** Variants of photos drawn by lot: how many are found to be their original's. */
async function recall(count: number): Promise<void> {
  const chosen = random(1, 'bench').shuffle(photos).slice(0, count);
  const names = Object.keys(changes);
  const kinds = names.map((name) => [name]);
  for (let i = 0; i < names.length; i += 1) {
    kinds.push([names[i] as string, names[(i + 1 + (i % 5)) % names.length] as string]);
  }
  let total = 0;
  let foundTotal = 0;
  for (const kind of kinds.filter((some) => some.join(' + ').includes(flags.only))) {
    const variants: Known[] = [];
    for (const { id, bytes } of chosen) {
      let changed = await started(bytes);
      for (const name of kind)
        changed = await (changes[name] as (typeof changes)[string])(
          changed,
          random(1, id, ...kind, name),
        );
      variants.push({ id: `${id} *`, fingerprint: await fingerprintOf(changed) });
    }
    const found = new Map(
      nearDuplicates([...originals, ...variants])
        .filter(({ a, b }) => b === `${a} *`)
        .map((pair) => [pair.a, pair]),
    );
    const missed = chosen
      .filter(({ id }) => found.get(id)?.kind !== 'same photo')
      .map(({ id }) => id);
    const scenes = missed.filter((id) => found.has(id)).length;
    total += count;
    foundTotal += count - missed.length;
    console.log(
      `${kind.join(' + ').padEnd(36)} ${(1 - missed.length / chosen.length).toFixed(3)}` +
        (scenes > 0 ? `  (${scenes} as same scene)` : '') +
        (missed.length > 0 ? `  missed: ${missed.slice(0, 3).join(', ')}` : ''),
    );
  }
  console.log(`${foundTotal} of ${total} variants found`);
}

/** What variants are made of: opaque and not large, so that the bench takes minutes. */
async function started(bytes: Buffer): Promise<Buffer> {
  return sharp(bytes)
    .autoOrient()
    .flatten()
    .toColourspace('srgb')
    .resize(800, 800, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 95 })
    .toBuffer();
}

async function speed(tiles: number): Promise<void> {
  const parts: Known[] = [];
  for (const { id, bytes } of photos) {
    const { data, info } = await sharp(await started(bytes))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width: fullWidth, height: fullHeight, channels } = info;
    const [width, height] = [Math.floor(fullWidth / tiles), Math.floor(fullHeight / tiles)];
    for (let part = 0; part < tiles * tiles; part += 1) {
      const area = {
        left: (part % tiles) * width,
        top: Math.floor(part / tiles) * height,
        width,
        height,
      };
      const tile = await sharp(data, { raw: { width: fullWidth, height: fullHeight, channels } })
        .extract(area)
        .png({ compressionLevel: 0 })
        .toBuffer();
      parts.push({ id: `${id} ${part}`, fingerprint: await fingerprintOf(tile) });
    }
  }
  for (const count of [parts.length / 4, parts.length / 2, parts.length].map(Math.floor)) {
    const some = random(1, 'tiles').shuffle(parts).slice(0, count);
    const begin = performance.now();
    const found = nearDuplicates(some);
    console.log(
      `${count} parts: ${((performance.now() - begin) / 1000).toFixed(1)} s, ${found.length} pairs found, ` +
        `${Math.round(process.memoryUsage.rss() / 1e6)} MB`,
    );
  }
}
