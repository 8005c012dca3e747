import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import { GillnetError } from '../lib/errors.js';
import { batches } from '../lib/photos/batches.js';
import { PixelCache } from '../lib/photos/cache.js';
import { decode, inspect } from '../lib/photos/decode.js';
import { isPhotoName } from '../lib/photos/formats.js';
import { heatOver } from '../lib/photos/heat.js';
import { PhotoReader } from '../lib/photos/reader.js';
import { thumbnail, thumbnailEdge } from '../lib/photos/thumbnail.js';
import { openStore } from '../lib/store/open.js';
import type { StoredObject } from '../lib/store/store.js';
import { failsWith } from './support/errors.js';
import { photo, picture, writeFiles } from './support/photos.js';
import { shared, suite, temporaryFolder } from './support/suite.js';

const test = suite('photos');

const red = { r: 250, g: 0, b: 0 };

test('names of photos are told from others', () => {
  for (const name of ['a.jpg', 'x y (1) [2].JPeG', 'd/e.tif', 'a.GIF', 'b.webp'])
    assert.ok(isPhotoName(name), name);
  for (const name of ['.DS_Store', 'd/._a.jpg', 'a.txt', 'jpg', 'a.jpg.part'])
    assert.not(isPhotoName(name), name);
});

test('every format becomes RGB of the asked size', async () => {
  for (const ending of ['jpg', 'png', 'webp', 'gif', 'tiff']) {
    const pixels = await decode(await picture(`a.${ending}`, red), 8);
    assert.is(pixels.length, 8 * 8 * 3, ending);
    const [r, g, b] = pixels as unknown as [number, number, number];
    assert.ok(r > 230 && g < 15 && b < 15, `${ending}: ${r} ${g} ${b}`);
  }
});

test('grey, 16-bit and transparent pictures become RGB', async () => {
  const plain = await picture('a.png', red, { width: 9, height: 9 });
  const grey = await sharp(plain).greyscale().png().toBuffer();
  const deep = await sharp(plain).toColourspace('rgb16').png().toBuffer();
  const clear = await sharp(plain).ensureAlpha(0).png().toBuffer();
  for (const bytes of [grey, deep, clear]) assert.is((await decode(bytes, 4)).length, 48);
  const [r, g, b] = (await decode(deep, 4)) as unknown as [number, number, number];
  assert.ok(Math.abs(r - 250) <= 1 && g <= 1 && b <= 1, `${r} ${g} ${b}`);
  assert.equal(
    [...(await decode(clear, 4)).subarray(0, 3)],
    [250, 0, 0],
    'alpha is dropped, as PIL does',
  );
});

test('EXIF orientation is applied, also to what is told of the size', async () => {
  const left = { create: { width: 20, height: 40, channels: 3, background: red } } as const;
  const both = await sharp({
    create: { width: 40, height: 40, channels: 3, background: { r: 0, g: 0, b: 250 } },
  })
    .composite([{ input: await sharp(left).png().toBuffer(), left: 0, top: 0 }])
    .extend({ right: 40, background: { r: 0, g: 0, b: 250 } })
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
    .toBuffer();
  assert.equal(await inspect(both), { width: 40, height: 80, format: 'jpeg' });
  const pixels = await decode(both, 16);
  const at = (x: number, y: number) => [...pixels.subarray((y * 16 + x) * 3, (y * 16 + x) * 3 + 3)];
  // Orientation 6: the camera's left is the top.
  assert.ok((at(8, 1)[0] ?? 0) > 200, `top is red: ${at(8, 1)}`);
  assert.ok((at(8, 14)[2] ?? 0) > 200, `bottom is blue: ${at(8, 14)}`);
});

test('a thumbnail keeps the aspect ratio and the orientation that people see', async () => {
  const half = { width: 400, height: 300, channels: 3 } as const;
  const bytes = await sharp({ create: { ...half, background: red } })
    .extend({ right: 400, background: { r: 0, g: 0, b: 250 } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const small = await thumbnail(bytes);
  assert.equal(await inspect(small), { width: 60, height: thumbnailEdge, format: 'webp' });
  const { data } = await sharp(small).raw().toBuffer({ resolveWithObject: true });
  const channels = data.length / (60 * thumbnailEdge);
  const at = (y: number) => [...data.subarray(channels * 60 * y, channels * (60 * y + 3))];
  assert.ok((at(20)[0] ?? 0) > 200, `top is red: ${at(20)}`);
  assert.ok((at(140)[2] ?? 0) > 200, `bottom is blue: ${at(140)}`);
  const tiny = await thumbnail(await picture('a.png', red, { width: 8, height: 5 }));
  assert.equal(await inspect(tiny), { width: 8, height: 5, format: 'webp' });
  await failsWith('NOT_A_PHOTO', () => thumbnail(bytes.subarray(0, 300)));
});

test('what is no photo, and what is cut off, is refused', async () => {
  const jpeg = await picture('a.jpg', red, { width: 300, height: 300 });
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  for (const bytes of [
    Buffer.from('text'),
    Buffer.alloc(0),
    jpeg.subarray(0, jpeg.length - 300),
    svg,
  ]) {
    await failsWith('NOT_A_PHOTO', () => inspect(bytes));
  }
  await failsWith('NOT_A_PHOTO', () => decode(jpeg.subarray(0, jpeg.length - 300), 8));
});

test('a full cache keeps what it has', () => {
  const cache = new PixelCache(100);
  cache.offer('a', new Uint8Array(60));
  cache.offer('b', new Uint8Array(60));
  cache.offer('c', new Uint8Array(40));
  assert.equal(
    [cache.get('a')?.length, cache.get('b'), cache.get('c')?.length, cache.bytes],
    [60, undefined, 40, 100],
  );
});

test('a photo is decoded once, and refused when it changed since it was extracted', async () => {
  const folder = temporaryFolder();
  const bytes = await picture('a.png', red);
  await writeFiles(folder, { 'train/a/a.png': bytes });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const known = photo({ key: 'train/a/a.png', sha256 });
  const store = await openStore(folder);
  let reads = 0;
  const counting = {
    ...store,
    get(object: StoredObject) {
      reads += 1;
      return store.get(object);
    },
  };
  const reader = new PhotoReader(counting, new PixelCache(1e6));
  const first = await reader.pixels(known, 8);
  assert.equal(await reader.pixels(known, 8), first);
  assert.is(reads, 1);
  assert.equal(await reader.thumbnail(known), await thumbnail(bytes));
  await writeFile(path.join(folder, 'train/a/a.png'), await picture('a.png', { r: 0, g: 9, b: 0 }));
  const error = await failsWith('CHANGED', () =>
    new PhotoReader(store, new PixelCache(0)).pixels(known, 8),
  );
  assert.match(error.message, /changed since/);
  await failsWith('CHANGED', () => reader.thumbnail(known));
  await failsWith('NOT_FOUND', () => reader.pixels(photo({ key: 'train/a/gone.png' }), 8));
});

async function gather(items: number[], broken: number[], batchSize: number) {
  const skipped: number[] = [];
  const found: { index: number; items: number[]; pixels: number[] }[] = [];
  const read = async (item: number) => {
    if (broken.includes(item)) throw new GillnetError('NOT_A_PHOTO', 'broken');
    return new Uint8Array(3).fill(item);
  };
  const options = {
    read,
    batchSize,
    size: 1,
    ahead: 4,
    onSkipped: (item: number) => skipped.push(item),
  };
  for await (const batch of batches(items, options)) {
    found.push({ index: batch.index, items: batch.items, pixels: [...batch.pixels] });
  }
  return { found, skipped };
}

test('batches keep their order; a broken photo moves no other into another batch', async () => {
  const { found, skipped } = await gather([1, 2, 3, 4, 5, 6, 7], [2, 5, 6], 2);
  assert.equal(found, [
    { index: 0, items: [1], pixels: [1, 1, 1] },
    { index: 1, items: [3, 4], pixels: [3, 3, 3, 4, 4, 4] },
    { index: 3, items: [7], pixels: [7, 7, 7] },
  ]);
  assert.equal(skipped, [2, 5, 6]);
});

test('reading ahead is bounded', async () => {
  let underWay = 0;
  let most = 0;
  const read = async () => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setTimeout(resolve, 1));
    underWay -= 1;
    return new Uint8Array(3);
  };
  const items = Array.from({ length: 100 }, (_, index) => index);
  for await (const _ of batches(items, { read, batchSize: 10, size: 1, ahead: 6 })) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.ok(most > 1 && most <= 6, `${most} at once`);
});

test('a failure that is not the photo’s ends the reading', async () => {
  const read = async () => {
    throw new Error('the disk is gone');
  };
  try {
    for await (const _ of batches([1, 2], { read, batchSize: 1, size: 1, ahead: 2 }));
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'the disk is gone');
  }
});

test.needs(shared('data/fish'), 'all real photos decode', async () => {
  const root = shared('data/fish');
  let count = 0;
  for (const entry of await readdir(root, { recursive: true })) {
    if (!isPhotoName(entry)) continue;
    await decode(await readFile(path.join(root, entry)), 32);
    count += 1;
  }
  assert.is(count, 1530);
});

test('a map lies warm over the place that it is about, and the rest stays as it is', async () => {
  const grey = await picture('x.jpg', { r: 90, g: 90, b: 90 }, { width: 80, height: 40 });
  const values = Float32Array.from([4, 0, 0, 0]);
  const over = await sharp(await heatOver(grey, { values, rows: 1, columns: 4 }))
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.equal([over.info.width, over.info.height], [80, 40]);
  const pixel = (x: number, y: number) => [...over.data.subarray(3 * (80 * y + x)).subarray(0, 3)];
  const [red = 0, , blue = 0] = pixel(4, 20);
  assert.ok(red > 170 && red > blue + 40, `${pixel(4, 20)}`);
  for (const x of [60, 79]) assert.equal(pixel(x, 20), [90, 90, 90]);
  const nothing = await heatOver(grey, { values: new Float32Array(4), rows: 2, columns: 2 });
  assert.equal(
    [...(await sharp(nothing).raw().toBuffer())].filter((value) => value !== 90),
    [],
  );
});

test.run();
