// Long, because all changes are searched for among the same pictures, whose fingerprints are made once.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import { changes } from '../bench/variants.js';
import { pixelHash } from '../lib/fingerprints/decode.js';
import { decode, encode } from '../lib/fingerprints/encoding.js';
import { fingerprintOf } from '../lib/fingerprints/examine.js';
import type { Fingerprint } from '../lib/fingerprints/fingerprint.js';
import { nearDuplicates } from '../lib/fingerprints/near-duplicates.js';
import { Parts } from '../lib/fingerprints/parts.js';
import { refined } from '../lib/fingerprints/refinement.js';
import { mapped, type Similarity } from '../lib/fingerprints/similarity.js';
import { sortedByKey } from '../lib/fingerprints/stable-sort.js';
import { isPhotoName } from '../lib/photos/formats.js';
import { random } from '../lib/random.js';
import { drawPhoto } from '../lib/sample/scene.js';
import { species } from '../lib/sample/species.js';
import { Spool } from '../lib/spool.js';
import { failsWith } from './support/errors.js';
import { busyPicture, picture } from './support/photos.js';
import { shared, suite } from './support/suite.js';

const test = suite('fingerprints');

interface Known {
  id: string;
  bytes: Buffer;
  fingerprint: Fingerprint;
}

async function known(id: string, bytes: Buffer): Promise<Known> {
  return { id, bytes, fingerprint: await fingerprintOf(bytes) };
}

/** Photos as the sample set has them: fish of five shapes on plain grounds, look-alikes that they are. */
const drawn = Promise.all(
  species.flatMap((kind) =>
    Array.from({ length: 12 }, async (_, index) => {
      const { bytes } = await drawPhoto(kind, random(3, 'fingerprints', kind.label, index));
      return known(`${kind.label} ${index}`, bytes);
    }),
  ),
);

const busy = Promise.all(
  [0, 1, 2, 3, 4, 5].map(async (index) => known(`picture ${index}`, await busyPicture(index))),
);

/** Which originals have a variant, changed once or more, that is found to be the same photo, and what else is found. */
async function found(originals: Known[], ...names: string[]) {
  const variants: Known[] = [];
  for (const { id, bytes } of originals) {
    let changed = bytes;
    for (const name of names) {
      changed = (await changes[name]?.(changed, random(3, name, id))) as Buffer;
    }
    variants.push(await known(`${id} *`, changed));
  }
  const pairs = nearDuplicates([...originals, ...variants]);
  const isOwn = ({ a, b }: { a: string; b: string }) => b === `${a} *`;
  return {
    own: pairs.filter((pair) => isOwn(pair) && pair.kind === 'same photo').map(({ a }) => a),
    others: pairs.filter((pair) => !isOwn(pair)),
  };
}

for (const change of Object.keys(changes)) {
  test(`pictures are found after ${change}, and none is taken for another`, async () => {
    const originals = await busy;
    const { own, others } = await found(originals, change);
    assert.equal(
      own,
      originals.map(({ id }) => id),
    );
    assert.equal(others, []);
  });
}

test('look-alikes are taken neither for one photo nor for one scene, their copies are found', async () => {
  const originals = await drawn;
  const { own, others } = await found(originals, 'JPEG 30');
  assert.ok(own.length >= 0.95 * originals.length, `${own.length} of ${originals.length}`);
  assert.equal(others, []);
});

test('one thing before two backgrounds is one scene', async () => {
  const [{ bytes }, , { bytes: background }] = (await busy) as [Known, Known, Known];
  const disc = '<svg width="480" height="360"><circle cx="240" cy="180" r="160"/></svg>';
  const thing = await sharp(bytes)
    .ensureAlpha()
    .composite([{ input: Buffer.from(disc), blend: 'dest-in' }])
    .png()
    .toBuffer();
  const photos = await Promise.all(
    [background, await sharp(background).negate().toBuffer()].map(async (each, index) =>
      known(
        String(index),
        await sharp(each)
          .composite([{ input: thing }])
          .toBuffer(),
      ),
    ),
  );
  assert.is(nearDuplicates(photos)[0]?.kind, 'same scene');
});

test('the evidence tells how one photo lies on the other', async () => {
  const [{ bytes, fingerprint }] = (await busy) as [Known];
  const mirrored = await known('b', await sharp(bytes).flop().png().toBuffer());
  const [pair] = nearDuplicates([{ id: 'a', fingerprint }, mirrored]);
  assert.ok(pair);
  const { transform, share, detail, overlap } = pair.evidence;
  assert.ok(transform.mirrored);
  assert.ok(Math.abs(Math.hypot(transform.a, transform.b) - 1) < 0.02);
  assert.ok(share > 0.4, `${share} of the keypoints`);
  assert.ok(detail > 0.97 && overlap > 0.9, `${detail} ${overlap}`);
});

test('a transform that is off moves to where the pixels agree', async () => {
  // A frame whose height is no whole number of the thumbnail's pixels, upside down.
  const { bytes, fingerprint } = (await busy)[1] as Known;
  const { width, height } = fingerprint;
  assert.is(height, 202);
  const turned = await known('b', await sharp(bytes).rotate(180).png().toBuffer());
  const exact = { a: -1, b: 0, shiftX: width - 1, shiftY: height - 1, mirrored: false };
  const farthest = (transform: Similarity) =>
    Math.max(
      ...[0, width - 1].flatMap((x) =>
        [0, height - 1].map((y) => {
          const [toX, toY] = mapped(transform, width, x, y);
          const [exactX, exactY] = mapped(exact, width, x, y);
          return Math.hypot(toX - exactX, toY - exactY);
        }),
      ),
    );
  const off = { ...exact, a: -1.01, b: 0.01, shiftX: width, shiftY: height + 1 };
  assert.ok(farthest(off) > 3);
  for (const start of [exact, off]) {
    const far = farthest(refined(fingerprint, turned.fingerprint, start));
    assert.ok(far < 1, `${far} pixels`);
  }
});

test('the order of the photos changes nothing', async () => {
  const originals = await busy;
  const turned = await Promise.all(
    originals.map(async ({ id, bytes }) =>
      known(`${id} *`, await sharp(bytes).rotate(90).jpeg().toBuffer()),
    ),
  );
  const photos = [...originals, ...turned];
  const once = nearDuplicates(photos);
  assert.ok(once.length >= originals.length);
  assert.equal(nearDuplicates([...photos].reverse()), once);
  assert.equal(nearDuplicates(random(1).shuffle(photos)), once);
});

test('a search of little memory finds the same', async () => {
  const originals = [...(await drawn), ...(await busy)];
  const smaller = await Promise.all(
    originals.map(async ({ id, bytes }) =>
      known(`${id} *`, await sharp(bytes).resize(200).jpeg().toBuffer()),
    ),
  );
  const photos = [...originals, ...smaller];
  const found = nearDuplicates(photos);
  assert.ok(found.length >= 0.9 * originals.length, `${found.length} of ${originals.length}`);
  assert.equal(nearDuplicates(photos, 0), found);
});

test('records are read again part by part in the order in which they came, in memory or not', () => {
  const draw = random(1, 'parts');
  const records = Array.from({ length: 20_000 }, (_, index) => [index, draw.integer(2 ** 32), 7]);
  for (const memory of [0, 1e9]) {
    const spool = new Spool(memory);
    const parts = new Parts(5, 3, spool);
    for (const some of [records, records.slice(0, 9_000)]) {
      for (const record of some) parts.add((record[1] as number) % 4, Uint32Array.from(record));
      for (let part = 0; part < 5; part += 1) {
        const expected = some.filter((record) => (record[1] as number) % 4 === part).flat();
        assert.equal(parts.read(part), Uint32Array.from(expected));
      }
      parts.clear();
    }
    spool.close();
  }
});

test('pictures without anything to see have fingerprints, and are like nothing', async () => {
  const plain = await Promise.all(
    [10, 10, 200].map(async (level, index) => {
      const size = { width: 30 + index, height: 1 + index };
      const grey = await picture('x.png', { r: level, g: level, b: level }, size);
      return known(String(index), grey);
    }),
  );
  assert.equal(nearDuplicates(plain), []);
  assert.equal(nearDuplicates([]), []);
});

test('a fingerprint comes back from its bytes as it was', async () => {
  for (const { fingerprint } of await drawn) {
    const bytes = encode(fingerprint);
    assert.ok(bytes.length <= 7692, `${bytes.length} bytes`);
    assert.equal(decode(bytes), fingerprint);
  }
});

test('damaged bytes are no fingerprint', async () => {
  const [{ fingerprint }] = (await drawn) as [Known];
  const bytes = encode(fingerprint);
  const draws = random(3, 'damage');
  for (let i = 0; i < 100; i += 1) {
    const damaged = bytes.slice();
    const place = draws.integer(bytes.length);
    damaged[place] = (damaged[place] as number) ^ (1 << draws.integer(8));
    await failsWith('DAMAGED', async () => decode(damaged));
    await failsWith('DAMAGED', async () => decode(bytes.slice(0, draws.integer(bytes.length))));
  }
  const other = await failsWith('DAMAGED', async () => decode(Uint8Array.of(9, ...bytes.slice(1))));
  assert.match(other.message, /version/);
});

test('what is no photo has no fingerprint', async () => {
  await failsWith('NOT_A_PHOTO', () => fingerprintOf(Buffer.from('no photo')));
  await failsWith('NOT_A_PHOTO', () => pixelHash(Buffer.from('no photo')));
});

test('the hash of the pixels is that of what people see', async () => {
  const [{ bytes }] = (await drawn) as [Known];
  const hash = await pixelHash(bytes);
  const png = await sharp(bytes).png().toBuffer();
  assert.is(await pixelHash(png), hash);
  assert.is(await pixelHash(await sharp(png).webp({ lossless: true }).toBuffer()), hash);
  const turned = await sharp(png).rotate(270).withMetadata({ orientation: 6 }).png().toBuffer();
  assert.is(await pixelHash(turned), hash, 'EXIF orientation is applied');
  assert.is.not(await pixelHash(await sharp(bytes).jpeg({ quality: 60 }).toBuffer()), hash);
  const red = (size: { width: number; height: number }) =>
    picture('x.png', { r: 255, g: 0, b: 0 }, size);
  const [long, high] = [await red({ width: 4, height: 1 }), await red({ width: 1, height: 4 })];
  assert.is.not(await pixelHash(long), await pixelHash(high), 'the size counts');
});

test('keys are sorted, equal ones in the order they came in', () => {
  const keys = Uint32Array.of(3, 1, 2, 1, 0);
  assert.equal([...sortedByKey(keys, 4)], [4, 1, 3, 2, 0]);
  assert.equal([...sortedByKey(keys, 4, Uint32Array.of(4, 3, 2, 1, 0))], [4, 3, 1, 2, 0]);
});

const fish = shared('data/fish');
/** Near-duplicates that the real photos hold: found by eye. */
const realPairs = [
  ['test/Mullet/Mullet 5.jpg', 'train/Mullet/Mullet 28.jpg', 'the same, compressed again'],
  ['train/Snakehead/Picture85.jpg', 'train/Snakehead/SnakeHead 67.jpg', 'a crop'],
  ['train/Catfish/Catfish 24.jpg', 'train/Catfish/Catfish 34.jpg', 'mirrored'],
] as const;

test.needs(fish, 'near-duplicates among real photos are found', async () => {
  for (const [a, b, what] of realPairs) {
    const photos = await Promise.all(
      [a, b].map(async (id) => known(id, await readFile(path.join(fish, id)))),
    );
    assert.is(nearDuplicates(photos)[0]?.kind, 'same photo', what);
  }
});

/** Changes that leave the least in common. */
const hard = [
  ['rotate any', 'watermark'],
  ['watermark', 'zoom 60-85 %'],
  ['caption', 'resize 0.3-0.6'],
  ['rotate 2-10°', 'zoom 40-60 %'],
];

test.needs(fish, 'real photos are found after each change', async () => {
  const names = (await readdir(fish, { recursive: true })).filter(isPhotoName).sort();
  const chosen = random(7, 'fish').shuffle(names).slice(0, 12);
  const originals: Known[] = [];
  for (const id of chosen) {
    const bytes = await sharp(await readFile(path.join(fish, id)))
      .flatten()
      .resize(600, 600, { fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: 95 })
      .toBuffer();
    originals.push(await known(id, bytes));
  }
  const missed: string[] = [];
  for (const names of [...Object.keys(changes).map((name) => [name]), ...hard]) {
    const { own } = await found(originals, ...names);
    for (const { id } of originals) {
      if (!own.includes(id)) missed.push(`${id} after ${names.join(' and ')}`);
    }
  }
  assert.ok(missed.length <= 4, `of 228 variants missed: ${missed.join(', ')}`);
});

test.run();
