import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { shapeOf } from '../lib/model/architecture.js';
import { Classifier } from '../lib/model/classifier.js';
import { requireFinite } from '../lib/model/finite.js';
import { writeTorchFile } from '../lib/model/formats/write-torch-file.js';
import { tensorsOf } from '../lib/model/graph.js';
import { imageNetFile } from '../lib/model/imagenet.js';
import { fitWeights, loadWeights } from '../lib/model/weights.js';
import type { NativeArchitecture, NativeState } from '../lib/native.js';
import { failsWith } from './support/errors.js';
import { header, safe, values } from './support/safetensors.js';
import { shared, suite, temporaryFolder } from './support/suite.js';
import { float32, int64, plain } from './support/tensors.js';

const test = suite('weights');

/** A network of three classes, in small. */
const network: NativeState = {
  'conv1.weight': float32([2, 2], [1, 2, 3, 4]),
  'bn1.weight': float32([2], [1, 1]),
  'bn1.num_batches_tracked': int64([], [0n]),
  'fc.weight': float32([3, 2], [1, 2, 3, 4, 5, 6]),
  'fc.bias': float32([3], [1, 2, 3]),
};
const without = (state: NativeState, ...names: string[]): NativeState =>
  Object.fromEntries(Object.entries(state).filter(([name]) => !names.includes(name)));

test('a head of the same classes is kept, one of others dropped', () => {
  const given = { ...network, 'conv1.weight': float32([2, 2], [9, 8, 7, 6]) };
  assert.equal(plain(fitWeights(given, network)), plain(given));
  const body = plain(without(given, 'fc.weight', 'fc.bias'));
  const others: NativeState[] = [
    { ...given, 'fc.weight': float32([1, 2], [1, 2]), 'fc.bias': float32([1], [1]) },
    // Half of a head is none, whichever half fits.
    { ...given, 'fc.weight': float32([3, 4], Array(12).fill(1)) },
    without(given, 'fc.bias'),
    without(given, 'fc.weight', 'fc.bias'),
  ];
  for (const other of others) assert.equal(plain(fitWeights(other, network)), body);
});

test('step counts of batch norm may be missing', () => {
  const given = without(network, 'bn1.num_batches_tracked');
  assert.equal(plain(fitWeights(given, network)), plain(given));
});

test('weights of another architecture are refused by the names of their tensors', async () => {
  const refused: [given: NativeState, reason: RegExp][] = [
    [without(network, 'bn1.weight'), /: 1 tensors are missing \(bn1\.weight\)\./],
    [{ ...network, 'layer9.bias': float32([1], [1]) }, /: 1 are unknown \(layer9\.bias\)\./],
    [
      { ...network, 'conv1.weight': float32([4], [1, 2, 3, 4]) },
      /: 1 .*shape.*\(conv1\.weight\)\./,
    ],
    [{ ...network, 'bn1.weight': int64([2], [1n, 1n]) }, /: 1 .*type \(bn1\.weight\)\./],
    [{ ...network, toString: float32([], [1]) }, /: 1 are unknown \(toString\)\./],
    [{}, /: 2 tensors are missing \(conv1\.weight\)\./],
    [{ 'module.conv1.weight': float32([2, 2], [1, 2, 3, 4]) }, /2 tensors .*, 1 are unknown/],
  ];
  for (const [given, reason] of refused) {
    const error = await failsWith('BAD_MODEL_FILE', () => fitWeights(given, network));
    assert.match(error.message, reason);
  }
});

test('weights of another depth are told by it', async () => {
  const tensors = (shape: NativeArchitecture): NativeState =>
    Object.fromEntries(
      [...tensorsOf(shape, 1)].map(([name, kind]) => [name, { ...kind, data: new Uint8Array() }]),
    );
  const resnet18 = tensors(shapeOf('resnet18'));
  const resnet34 = tensors(shapeOf('resnet34'));
  const resnet50 = tensors(shapeOf('resnet50'));
  const messageOf = async (...args: Parameters<typeof fitWeights>) =>
    (await failsWith('BAD_MODEL_FILE', () => fitWeights(...args))).message;
  assert.match(
    await messageOf(resnet50, resnet18),
    /a ResNet-18 .*a ResNet-50's; give --model resnet50/,
  );
  assert.match(
    await messageOf(resnet34, resnet50, 'resnet50'),
    /a ResNet-50 .*a ResNet-34's; .*resnet34/,
  );
  assert.match(await messageOf(resnet18, resnet34, 'resnet34'), /a ResNet-34 .*--model resnet18/);
  const resnet101 = tensors({ block: 'bottleneck', layers: [3, 4, 23, 3] });
  assert.not.match(await messageOf(resnet101, resnet50, 'resnet50'), /--model/);
});

test('prefixes that all names have are left out, those of some are not', async () => {
  const folder = temporaryFolder();
  const prefixed = (prefix: string) =>
    Object.fromEntries(Object.entries(network).map(([name, tensor]) => [prefix + name, tensor]));
  const namesOf = async (state: NativeState) => {
    const file = path.join(folder, 'prefixed.pth');
    writeFileSync(file, writeTorchFile({ state, records: new Map() }));
    return Object.keys((await loadWeights(file)).state);
  };
  for (const prefix of ['module.', 'model.', '_orig_mod.', '_orig_mod.module.model.']) {
    assert.equal(await namesOf(prefixed(prefix)), Object.keys(network), prefix);
  }
  const mixed = { ...prefixed('module.'), other: float32([], [1]) };
  assert.equal(await namesOf(mixed), Object.keys(mixed));
});

test('values that are not finite are refused, naming their tensor', async () => {
  const file = path.join(temporaryFolder(), 'start.pth');
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const state = { ...network, 'fc.bias': float32([3], [1, 2, value]) };
    writeFileSync(file, writeTorchFile({ state, records: new Map() }));
    const { message } = await failsWith('BAD_MODEL_FILE', () => loadWeights(file));
    assert.match(message, /start\.pth .*Value 2 of its tensor fc\.bias is NaN or infinite/);
  }
  const largest = float32([2], [3.4028234663852886e38, -1e-45]);
  requireFinite({ largest });
  // Bytes that begin anywhere, as those of a safetensors file do.
  const odd = new Uint8Array(9);
  odd.set(float32([2], [1, Number.NaN]).data, 1);
  const unaligned: NativeState = { odd: { dtype: 'float32', shape: [2], data: odd.subarray(1) } };
  await failsWith('BAD_MODEL_FILE', () => requireFinite(unaligned));
});

test('a file is looked at before it is read: pipes and more than 2 GiB are refused', async () => {
  const folder = temporaryFolder();
  const large = path.join(folder, 'large.pth');
  // Nothing but its length is on the disk.
  writeFileSync(large, '');
  truncateSync(large, 3 * 2 ** 30);
  const error = await failsWith('BAD_MODEL_FILE', () => loadWeights(large));
  assert.match(error.message, /3\.0 GiB.*state_dict/);
  const pipe = await failsWith('BAD_MODEL_FILE', () => loadWeights('/dev/zero'));
  assert.match(pipe.message, /pipe or a device/);
});

const rebuilt = shared('data', 'weights', 'resnet18-rebuilt.pth');
test.needs(rebuilt, 'a file like torchvision’s own starts a network of five classes', async () => {
  const { name, sha256, state } = await loadWeights(rebuilt);
  assert.is(name, 'resnet18-rebuilt.pth');
  assert.is(sha256, createHash('sha256').update(readFileSync(rebuilt)).digest('hex'));
  assert.is(Object.keys(state).length, 102);
  assert.equal(state['fc.weight']?.shape, [1000, 512]);

  const classes = ['Catfish', 'Gold Fish', 'Mudfish', 'Mullet', 'Snakehead'];
  const classifier = new Classifier({ classes, imageSize: 64 });
  try {
    const before = await classifier.state();
    const fitted = fitWeights(state, before);
    assert.equal(
      Object.keys(state)
        .filter((each) => !(each in fitted))
        .sort(),
      ['fc.bias', 'fc.weight'],
    );
    await classifier.setState(fitted);
    const after = await classifier.state();
    for (const [each, tensor] of Object.entries(after)) {
      const expected = (fitted[each] ?? before[each])?.data as Uint8Array;
      assert.is(Buffer.compare(tensor.data, expected), 0, each);
    }
  } finally {
    classifier.dispose();
  }
});

test('weights are read by the kind of their file and named after it', async () => {
  const folder = temporaryFolder();
  const torchFile = path.join(folder, 'start.pth');
  const safetensors = path.join(folder, 'start.SAFETENSORS');
  writeFileSync(torchFile, writeTorchFile({ state: network, records: new Map() }));
  writeFileSync(safetensors, safe(header, values));
  const read = await loadWeights(torchFile);
  assert.is(read.name, 'start.pth');
  assert.equal(plain(read.state), plain(network));
  assert.equal(Object.keys((await loadWeights(safetensors)).state), ['a', 'b', 'none']);

  writeFileSync(torchFile, 'not found');
  const bad = await failsWith('BAD_MODEL_FILE', () => loadWeights(torchFile));
  assert.match(bad.message, /start\.pth can't be used as weights\. .*cut off or of another kind/);
  const missing = await failsWith('NOT_FOUND', () => loadWeights(path.join(folder, 'gone.pth')));
  assert.match(missing.message, /gone\.pth .*ENOENT.*Expected imagenet, none, or the path/);
});

test('without the ImageNet weights it says where from and where to, and keeps no others', async () => {
  const cache = temporaryFolder();
  const { fetch } = globalThis;
  process.env.GILLNET_CACHE = cache;
  const unavailable = async (answer: () => Promise<Response>) => {
    globalThis.fetch = answer;
    return (await failsWith('WEIGHTS_UNAVAILABLE', () => loadWeights('imagenet'))).message;
  };
  try {
    const refusedConnection = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const offline = await unavailable(async () => {
      throw new TypeError('fetch failed', { cause: refusedConnection });
    });
    assert.match(offline, /ECONNREFUSED.*https:\/\/download\.pytorch\.org\/.*--weights FILE/);
    assert.ok(offline.includes(path.join(cache, path.basename(imageNetFile('resnet18')))));
    assert.match(await unavailable(async () => new Response('', { status: 503 })), /503/);
    assert.match(await unavailable(async () => new Response('other')), /another checksum/);
    assert.equal(readdirSync(cache), []);

    // A cached file of another content counts as none.
    writeFileSync(path.join(cache, path.basename(imageNetFile('resnet18'))), 'half of it');
    assert.match(await unavailable(async () => new Response('', { status: 404 })), /404/);
    assert.ok(existsSync(path.join(cache, path.basename(imageNetFile('resnet18')))));

    const reason = new Error('stopped by the person');
    const stopped = await loadWeights('imagenet', { signal: AbortSignal.abort(reason) }).catch(
      (each) => each,
    );
    assert.is(stopped, reason);
  } finally {
    globalThis.fetch = fetch;
  }
});

test.run();
