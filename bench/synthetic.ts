import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { mapConcurrent } from '../lib/concurrency.js';
import { random } from '../lib/random.js';

/** In pixels; a photo takes some 4 kB. */
const edge = 128;
const quality = 75;
/** Random places along an edge, which are joined smoothly: more of them make larger files. */
const grain = 24;
const labels = 10;
/** One photo of so many is the one before it again, in the other split: there is always something to guard. */
const copiedEvery = 100;
/** One of so many judges. */
const testEvery = 5;
const sideBySide = 8;

/**
 * Writes real JPEGs, as `train|test/<label>/<name>`, of distinct pixels, which have as many keypoints as photos do, in colours by their label; some are
 * there twice. What is there already is left as it is. @returns the photos' keys
 */
export async function writeSynthetic(folder: string, count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, index) => keyOf(index));
  const made = new Set(await readdir(folder, { recursive: true }).catch(() => []));
  for (const key of new Set(keys.map(path.dirname))) {
    await mkdir(path.join(folder, key), { recursive: true });
  }
  const missing = [...keys.entries()].filter(([, key]) => !made.has(key));
  for await (const _ of mapConcurrent(missing, sideBySide, async ([index, key]) => {
    const isCopy = index % copiedEvery === copiedEvery - 1;
    await writeFile(path.join(folder, key), await drawn(isCopy ? index - 1 : index));
  }));
  return keys;
}

function keyOf(index: number): string {
  const split = index % testEvery === testEvery - 1 ? 'test' : 'train';
  return `${split}/label-${labelOf(index)}/${String(index).padStart(7, '0')}.jpg`;
}

/** That of the photo before for a copy, as their labels would contradict each other otherwise. */
function labelOf(index: number): number {
  return Math.floor(index / copiedEvery) % labels;
}

function drawn(index: number): Promise<Buffer> {
  const draw = random(1, 'synthetic', index);
  const light = Array.from({ length: 3 }, (_, channel) => (labelOf(index) * (channel + 3)) % 7);
  const places = Uint8Array.from({ length: grain * grain * 3 }, (_, place) =>
    Math.min(255, 18 * (light[place % 3] as number) + draw.integer(148)),
  );
  return sharp(places, { raw: { width: grain, height: grain, channels: 3 } })
    .resize(edge, edge, { kernel: 'cubic' })
    .jpeg({ quality })
    .toBuffer();
}
