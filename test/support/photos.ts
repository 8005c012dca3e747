import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import type { CatalogPhoto } from '../../lib/catalog/catalog.js';

/** A catalog's photo with what the test says of it. */
export function photo(facts: Partial<CatalogPhoto> & { key: string }): CatalogPhoto {
  return {
    label: 'a',
    fileName: path.basename(facts.key),
    url: `file:///data/${facts.key}`,
    split: 'train',
    insertedAt: '2026-01-01T00:00:00.000Z',
    etag: '1',
    sha256: createHash('sha256').update(facts.key).digest('hex'),
    bytes: 1,
    width: 8,
    height: 8,
    format: 'jpeg',
    ...facts,
  };
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
