import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import * as assert from 'uvu/assert';
import { encodedFingerprintOf } from '../lib/fingerprints/examine.js';
import { loadNativeFingerprint } from '../lib/native-fingerprint.js';
import { sha256Of } from '../lib/sha256.js';
import { rasterOf } from './support/rasters.js';
import { fixtureOf } from './support/sources.js';
import { suite } from './support/suite.js';

const test = suite('native fingerprint');

/** SHA-256 of each raster's encoded fingerprint, as the first implementation of version 3, in JavaScript, gave it. */
const expected = fixtureOf<string[]>('fingerprints/version-3.json');

test('fingerprints are bit for bit those that catalogs hold', async () => {
  const found = await Promise.all(
    expected.map(async (_, index) => sha256Of(await encodedFingerprintOf(rasterOf(index)))),
  );
  assert.equal(found, expected);
});

test('pixels may change as soon as they were handed over', async () => {
  const raster = rasterOf(5);
  const fingerprint = encodedFingerprintOf(raster);
  raster.pixels.fill(0);
  assert.is(sha256Of(await fingerprint), expected[5]);
});

test('rasters that are none are refused', () => {
  const { fingerprint } = loadNativeFingerprint();
  const pixels = new Uint8Array(12);
  const calls: [unknown, unknown, unknown][] = [
    [pixels, 3, 3],
    [pixels, 0, 12],
    [pixels, 12, Number.NaN],
    [pixels, 1.5, 8],
    [pixels, -3, -4],
    [pixels, 4097, 1],
    [pixels, '3', 4],
    [new Float32Array(12), 3, 4],
    [null, 3, 4],
  ];
  for (const args of calls) {
    assert.throws(
      () => (fingerprint as (...args: unknown[]) => unknown)(...args),
      (error: { code?: string }) => error.code === 'INVALID_ARGUMENT',
    );
  }
});

test('a thread may be ended while it waits for fingerprints', async () => {
  const loader = new URL('../lib/native-fingerprint.js', import.meta.url).href;
  const code = `
    const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(loader)}).then(({ loadNativeFingerprint }) => {
      const pixels = Uint8Array.from({ length: 320 * 240 }, (_, at) => (at * 7919) % 256);
      for (let i = 0; i < 50; i += 1) loadNativeFingerprint().fingerprint(pixels, 320, 240);
      parentPort.postMessage('waiting');
    });`;
  const worker = new Worker(code, { eval: true });
  await once(worker, 'message');
  await worker.terminate();
  assert.is(sha256Of(await encodedFingerprintOf(rasterOf(5))), expected[5]);
});

test.run();
