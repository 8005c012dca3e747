import './support/small-network.js';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import { crc32 } from '../lib/model/formats/crc32.js';
import { ofType } from './support/events.js';
import { modelsOf, noisePhoto, randomModel, serverOf } from './support/serving.js';
import { suite } from './support/suite.js';

const test = suite('a server and hostile clients');

const { folder } = await modelsOf(await randomModel(1));
const photo = await noisePhoto(0);
const seconds = 2;
const server = await serverOf(folder, { limits: { seconds, photoPixels: 1e6, requestBytes: 2e6 } });
const { predict, ask } = server;
const { port } = new URL(server.server.address);

/** A PNG that says it is of this size, and has one row at most. */
function pngOf(width: number, height: number): Buffer {
  const chunk = (type: string, body: Buffer) => {
    const named = Buffer.concat([Buffer.from(type), body]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    check.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const rows = deflateSync(Buffer.alloc(1000));
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    ...[signature, chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))],
  ]);
}

async function refusedPhoto(bytes: Uint8Array): Promise<string> {
  const answer = await predict(bytes);
  const body = (await answer.json()) as { errors?: [{ detail: string }]; detail: string };
  assert.is(answer.status, 422, body.detail);
  return body.errors?.[0].detail ?? '';
}

/** Sends bytes as they are. @returns all that comes back until the server closes, or so many seconds have passed */
async function raw(parts: (string | Buffer)[], { gap = 0, within = 8 } = {}): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  for (const part of parts) {
    if (socket.destroyed) break;
    socket.write(part);
    if (gap > 0) await pause(gap);
  }
  await Promise.race([closed, pause(1000 * within)]);
  socket.destroy();
  return text;
}

test('bombs are refused by their header, before anything is decoded', async () => {
  assert.match(await refusedPhoto(pngOf(30_000, 30_000)), /30000 × 30000 pixels|pixel limit/);
  assert.match(await refusedPhoto(pngOf(1001, 1000)), /1001 × 1000 pixels, and 1000000 are/);
  assert.match(await refusedPhoto(pngOf(2 ** 31 - 1, 2 ** 31 - 1)), /./);
  assert.match(await refusedPhoto(pngOf(0, 0)), /./);
  const blank = sharp({ create: { width: 1200, height: 1200, channels: 3, background: 'red' } });
  for (const format of ['jpeg', 'webp', 'gif', 'tiff'] as const) {
    const bytes = await blank.clone().toFormat(format).toBuffer();
    assert.match(await refusedPhoto(bytes), /1200 × 1200 pixels/);
  }
});

test('what is no photo is told by its first bytes, and no decoder sees it', async () => {
  const file = `file://${process.cwd()}/package.json`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64"><image xlink:href="${file}" width="64" height="64"/><image xlink:href="http://127.0.0.1:${port}/healthz"/></svg>`;
  const before = ofType(server.events, 'answered').length;
  for (const text of [
    svg,
    `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a SYSTEM "${file}">]>${svg}`,
    '%PDF-1.4',
    '<html><script>1</script></html>',
    `push graphic-context\nimage over 0,0 0,0 '${file}'`,
    '',
  ]) {
    assert.is(await refusedPhoto(Buffer.from(text)), 'It is no JPEG, PNG, WebP, GIF or TIFF.');
  }
  const avif = await sharp(photo).avif().toBuffer();
  assert.is(await refusedPhoto(avif), 'It is no JPEG, PNG, WebP, GIF or TIFF.');
  assert.is(ofType(server.events, 'answered').length, before + 7, 'nothing was fetched from here');
});

test('polyglots are the photo that they begin as, and nothing else', async () => {
  const tail = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/><script>1</script>PK\x05\x06');
  const [alone, both] = await Promise.all(
    [photo, Buffer.concat([photo, tail])].map(async (bytes) => (await predict(bytes)).json()),
  );
  assert.equal(both, alone);
  const signature = photo.subarray(0, 8);
  assert.match(await refusedPhoto(Buffer.concat([signature, tail])), /^Not a photo/);
  const gifar = Buffer.concat([Buffer.from('GIF89a/*'), tail]);
  assert.match(await refusedPhoto(gifar), /^Not a photo|pixels/);
});

test('cut off and damaged photos of every format are refused', async () => {
  const noise = sharp(await noisePhoto(2, 200));
  for (const format of ['jpeg', 'png', 'webp', 'gif', 'tiff'] as const) {
    const whole = await noise.clone().toFormat(format).toBuffer();
    assert.is((await predict(whole)).status, 200);
    for (const share of [0.02, 0.5, 0.9]) {
      assert.match(await refusedPhoto(whole.subarray(0, share * whole.length)), /./, format);
    }
    const zeroed = Buffer.from(whole).fill(0, 12, Math.floor(whole.length / 2));
    assert.match(await refusedPhoto(zeroed), /./, format);
  }
});

test('an upload that breaks off leaves nothing behind, and others are answered', async () => {
  const head = `POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: ${photo.length}\r\n\r\n`;
  for (const share of [0, 0.5, 0.99]) {
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(head);
    socket.write(photo.subarray(0, share * photo.length));
    await pause(20);
    socket.destroy();
  }
  assert.is((await predict(photo)).status, 200);
  const gone = new AbortController();
  const asked = predict(photo, { signal: gone.signal }).catch(() => null);
  await pause(2);
  gone.abort();
  await asked;
  while (server.predictor.waiting > 0) await pause(5);
  assert.is((await predict(photo)).status, 200);
});

test('requests that never end are ended, and told why where someone may listen', async () => {
  const answers = await Promise.all([
    raw([
      'POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: 99\r\n\r\n',
      'a',
    ]),
    raw(['GET /healthz HTTP/1.1\r\n', ...Array(40).fill('x-a: b\r\n')], { gap: 150 }),
  ]);
  for (const answer of answers) {
    assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n.*application\/problem\+json/s);
  }
  assert.is((await ask('/readyz')).status, 200);
});

test('what is no HTTP, or too large, is told so', async () => {
  assert.match(await raw(['no http\r\n\r\n']), /^HTTP\/1\.1 400 .*"status":400/s);
  const long = `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(20_000)}\r\n\r\n`;
  assert.match(await raw([long]), /^HTTP\/1\.1 431 .*"status":431/s);
  const both =
    'POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n';
  assert.match(await raw([both]), /^HTTP\/1\.1 400 /);
  const chunks = Array<string>(300).fill(`2000\r\n${'x'.repeat(0x2000)}\r\n`);
  const endless =
    'POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ntransfer-encoding: chunked\r\n\r\n';
  assert.match(await raw([endless, ...chunks]), /^HTTP\/1\.1 413 .*"status":413/s);
});

test('bodies that could not all be held are refused before they are read', async () => {
  const full = await serverOf(folder, { limits: { requestBytes: 1e6, heldBytes: 1.5e6 } });
  const { port: own } = new URL(full.server.address);
  const socket = connect(Number(own), '127.0.0.1');
  socket.write(
    'POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: 1000000\r\n\r\n',
  );
  await pause(50);
  const refused = await full.predict(Buffer.alloc(900_000));
  assert.is(refused.status, 429);
  assert.is(refused.headers.get('retry-after'), '1');
  assert.is((await full.predict(photo)).status, 200, 'a small one fits');
  socket.destroy();
  await pause(50);
  assert.is((await full.predict(Buffer.alloc(900_000))).status, 422);
  await full.end();
});

test('overload is refused at once, and the rest is answered', async () => {
  const small = await serverOf(folder, { limits: { queue: 4, batch: 2 } });
  const answers = await Promise.all(Array.from({ length: 60 }, () => small.predict(photo)));
  const statuses = answers.map(({ status }) => status);
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(statuses.filter((status) => status === 200).length >= 4);
  assert.is(statuses.filter((status) => status === 200).length + refused.length, 60);
  assert.ok(refused.length > 0);
  for (const { headers } of refused) {
    const after = Number(headers.get('retry-after'));
    assert.ok(Number.isInteger(after) && after >= 1 && after <= 60);
  }
  assert.is((await small.predict(photo)).status, 200);
  await small.end();
});

test('nothing that was sent here broke the server', async () => {
  assert.equal(ofType(server.events, 'warning'), []);
  assert.equal(
    ofType(server.events, 'answered').filter(({ status }) => status >= 500),
    [],
  );
  await server.end();
});

test.run();
