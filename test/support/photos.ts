import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import type { CatalogPhoto, FingerprintedPhoto } from '../../lib/catalog/catalog.js';
import { encodedFingerprintOf } from '../../lib/fingerprints/examine.js';
import { random } from '../../lib/random.js';

/** Of a photo in which nothing is to be seen. */
const featureless = Buffer.from(
  await encodedFingerprintOf({ pixels: new Uint8Array(64), width: 8, height: 8 }),
);

/** A catalog's photo with what the test says of it. */
export function photo(facts: Partial<FingerprintedPhoto> & { key: string }): FingerprintedPhoto {
  const sha256 = facts.sha256 ?? createHash('sha256').update(facts.key).digest('hex');
  return {
    label: 'a',
    fileName: path.basename(facts.key),
    url: `file:///data/${facts.key}`,
    split: 'train',
    insertedAt: '2026-01-01T00:00:00.000Z',
    etag: '1',
    sha256,
    pixelHash: sha256,
    fingerprint: featureless,
    bytes: 1,
    width: 8,
    height: 8,
    format: 'jpeg',
    ...facts,
  };
}

/** What `catalog.photos()` tells of photos that were put in. */
export function withoutFingerprints(photos: FingerprintedPhoto[]): CatalogPhoto[] {
  return photos.map(({ fingerprint: _, ...photo }) => photo);
}

/** A picture of one colour, as the ending of its name says. */
export async function picture(
  name: string,
  colour: { r: number; g: number; b: number },
  { width = 40, height = 30 } = {},
): Promise<Buffer> {
  const image = sharp({ create: { width, height, channels: 3, background: colour } });
  const format = path
    .extname(name)
    .slice(1)
    .toLowerCase()
    .replace('jpg', 'jpeg')
    .replace('tif', 'tiff')
    .replace('tifff', 'tiff');
  return image.toFormat(format as 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff').toBuffer();
}

/** JPEGs of two labels, which their colours tell: as many of each for train, and for test behind them. */
export async function writeTwoColours(
  folder: string,
  {
    labels,
    train,
    test,
  }: { labels: readonly [red: string, dark: string]; train: number; test: number },
  named: (label: string, index: number) => string = (_, index) => `${index}.jpg`,
): Promise<void> {
  for (const [at, label] of labels.entries()) {
    for (let index = 0; index < train + test; index += 1) {
      const photo = await picture('x.jpg', { r: [220, 30][at] as number, g: 9 * index, b: 90 });
      const split = index < train ? 'train' : 'test';
      await writeFiles(folder, { [`${split}/${label}/${named(label, index)}`]: photo });
    }
  }
}

/** Photos of two labels, which their colours tell, of validation and test three in four. */
export async function writeColouredPhotos(folder: string): Promise<void> {
  const files: Record<string, Buffer> = {};
  for (const [label, red] of Object.entries({ Carp: 220, Perch: 30 })) {
    for (const [split, count] of Object.entries({ train: 10, val: 28, test: 8 })) {
      for (let index = 0; index < count; index += 1) {
        const shown = split !== 'train' && index % 4 === 0 ? 250 - red : red;
        const size = { width: 64 + index, height: 64 + split.length };
        const colour = { r: shown, g: 40 + index, b: 90 };
        files[`${split}/${label}/${index}.png`] = await picture('x.png', colour, size);
      }
    }
  }
  await writeFiles(folder, files);
}

/** A JPEG with as much to see as a photo has: boxes and circles of all sizes, other ones for each index. */
export async function busyPicture(index: number): Promise<Buffer> {
  const draws = random(3, 'busy', index);
  const shapes = Array.from({ length: 160 }, () => {
    const size = 4 * 20 ** draws.next();
    const [x, y] = [draws.integer(480), draws.integer(360)];
    const fill = `hsl(${draws.integer(360)} 60% ${draws.integer(100)}%)`;
    return draws.next() < 0.5
      ? `<circle cx="${x}" cy="${y}" r="${size / 2}" fill="${fill}"/>`
      : `<rect x="${x}" y="${y}" width="${size}" height="${size / 2}" fill="${fill}"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="480" height="360">${shapes.join('')}</svg>`;
  const picture = sharp(Buffer.from(svg)).flatten({ background: '#789' }).toColourspace('srgb');
  return picture.jpeg({ quality: 95 }).toBuffer();
}

/** Writes files below `folder` by their keys. */
export async function writeFiles(
  folder: string,
  files: Record<string, Uint8Array | string>,
): Promise<void> {
  for (const [key, body] of Object.entries(files)) {
    const file = path.join(folder, ...key.split('/'));
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, body);
  }
}
