import sharp from 'sharp';
import * as assert from 'uvu/assert';
import { bilinear } from '../lib/photos/bilinear.js';
import { decode } from '../lib/photos/decode.js';
import { resizes } from '../lib/photos/resizes.js';
import { fixtureOf } from './support/sources.js';
import { suite } from './support/suite.js';

const test = suite("Pillow's bilinear resize");

/** What Pillow gives: test/fixtures/bilinear/make.py. */
const cases =
  fixtureOf<{ width: number; height: number; size: number; resized: number[] }[]>(
    'bilinear/pillow.json',
  );

const pixelsOf = (width: number, height: number) =>
  Uint8Array.from(
    { length: width * height * 3 },
    (_, index) => Math.imul(index, 2654435761) >>> 24,
  );

for (const { width, height, size, resized } of cases) {
  test(`${width} × ${height} becomes ${size}² as there, value for value`, () => {
    assert.equal([...bilinear(pixelsOf(width, height), { width, height }, size)], resized);
  });
}

test('a photo is decoded so on request: its EXIF orientation is not applied', async () => {
  const [{ width, height, size, resized }] = cases as [(typeof cases)[number]];
  const png = await sharp(pixelsOf(width, height), { raw: { width, height, channels: 3 } })
    .withMetadata({ orientation: 6 })
    .png()
    .toBuffer();
  assert.equal([...(await decode(png, size, resizes.pillow))], resized);
  const grey = await sharp(png).toColourspace('b-w').png().toBuffer();
  assert.is((await decode(grey, size, resizes.pillow)).length, size * size * 3);
});

test.run();
