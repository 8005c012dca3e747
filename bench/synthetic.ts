import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { mapConcurrent } from '../lib/concurrency.js';
import { random } from '../lib/random.js';

/** Photos of a synthetic data set, as `train|test/<label>/<name>`. */
export interface SyntheticOptions {
  photos: number;
  /** Edge in pixels. */
  edge: number;
  /** Of the JPEGs, 1…100. */
  quality: number;
  /** Random places along an edge, which are joined smoothly: more of them make larger files. */
  grain: number;
}

/** Some 4 kB a photo. */
export const smallPhotos = { edge: 128, quality: 75, grain: 24 };
/** Some 100 kB a photo, as cameras' are after a service has scaled them. */
export const realisticPhotos = { edge: 640, quality: 85, grain: 160 };

const labels = 10;
/** One photo of so many is the one before it again, in the other split: there is always something to guard. */
const copiedEvery = 100;
/** One of so many judges. */
const testEvery = 5;
const sideBySide = 8;

/**
 * Writes real JPEGs of distinct pixels, which have as many keypoints as photos do, in colours by their label; some are
 * there twice. What is there already is left as it is. @returns the photos' keys
 */
export async function writeSynthetic(folder: string, options: SyntheticOptions): Promise<string[]> {
  const keys = Array.from({ length: options.photos }, (_, index) => keyOf(index));
  const made = new Set(await readdir(folder, { recursive: true }).catch(() => []));
  for (const key of new Set(keys.map(path.dirname))) {
    await mkdir(path.join(folder, key), { recursive: true });
  }
  const missing = [...keys.entries()].filter(([, key]) => !made.has(key));
  for await (const _ of mapConcurrent(missing, sideBySide, async ([index, key]) => {
    const isCopy = index % copiedEvery === copiedEvery - 1;
    await writeFile(path.join(folder, key), await drawn(isCopy ? index - 1 : index, options));
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

function drawn(index: number, { edge, quality, grain }: SyntheticOptions): Promise<Buffer> {
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
