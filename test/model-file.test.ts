import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { Classifier } from '../lib/model/classifier.js';
import { readTorchFile } from '../lib/model/formats/torch-file.js';
import { writeTorchFile } from '../lib/model/formats/write-torch-file.js';
import { writeZip } from '../lib/model/formats/write-zip.js';
import { readZip } from '../lib/model/formats/zip.js';
import { decodeModel, encodeModel, tensorsSha256Of } from '../lib/model/model-file.js';
import type { NativeState } from '../lib/native.js';
import { random } from '../lib/random.js';
import { failsWith } from './support/errors.js';
import { descriptionWith } from './support/models.js';
import { suite, temporaryFolder } from './support/suite.js';
import { float32, int64, plain, tensorsOrRefusal } from './support/tensors.js';

const test = suite('model file');

/** A Python with torch and torchvision; on Debian those of python3-torch and python3-torchvision. */
const python = process.env.GILLNET_TEST_PYTHON || '/usr/bin/python3';
const torch = process.env.GILLNET_TEST_PYTHON || '/usr/lib/python3/dist-packages/torch';
const runPython = (script: string, ...args: string[]): string =>
  execFileSync(python, ['-c', script, ...args], { encoding: 'utf8' });

const description = descriptionWith({ classes: ['Catfish', 'Gold Fish', 'Meeräsche 🐟'] });

const small: NativeState = {
  'bn1.num_batches_tracked': int64([], [-3n]),
  'conv1.weight': float32([2, 3], [1, -2, 3.5, 0, 1e-30, Number.POSITIVE_INFINITY]),
  counts: int64([3], [0n, 2n ** 40n, -1n]),
  empty: float32([0, 3], []),
};
const smallFile = encodeModel({ description, state: small });

test('what is written is read: tensors in their order, and records', () => {
  const records = new Map([
    ['gillnet.json', Buffer.from('{"name":"ü"}')],
    ['further/record', Buffer.alloc(0)],
  ]);
  const file = writeTorchFile({ state: small, records });
  const read = readTorchFile(file);
  assert.equal(plain(read.state), plain(small));
  const texts = [...read.records].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]);
  assert.equal(texts, [
    ['gillnet.json', '{"name":"ü"}'],
    ['further/record', ''],
  ]);
  for (const [name, bytes] of readZip(file)) {
    assert.is((bytes.byteOffset - file.byteOffset) % 64, 0, `${name} can be mapped`);
  }
});

test.needs(torch, 'PyTorch reads a model into its own ResNet-18', async () => {
  const classifier = new Classifier({ classes: description.classes, imageSize: 64, seed: 1 });
  const state = await classifier.state();
  classifier.dispose();
  const file = path.join(temporaryFolder(), 'model.pt');
  writeFileSync(file, encodeModel({ description, state }));
  const script = `
import hashlib, json, sys, torch, torchvision
state = torch.load(sys.argv[1], weights_only=True)
torchvision.models.resnet18(num_classes=3).load_state_dict(state)
print(json.dumps([[name, str(tensor.dtype), list(tensor.shape), hashlib.sha256(tensor.numpy().tobytes()).hexdigest()]
                  for name, tensor in state.items()]))`;
  const expected = Object.entries(state).map(([name, { dtype, shape, data }]) => [
    name,
    `torch.${dtype}`,
    shape,
    createHash('sha256').update(data).digest('hex'),
  ]);
  assert.is(expected.length, 122);
  assert.equal(JSON.parse(runPython(script, file)), expected);
});

test.needs(torch, 'PyTorch reads empty, zero-dimensional and whole-number tensors', () => {
  const file = path.join(temporaryFolder(), 'small.pt');
  writeFileSync(file, smallFile);
  const script = `
import json, sys, torch
print(json.dumps([[name, str(tensor.dtype)[6:], list(tensor.shape), tensor.flatten().tolist()]
                  for name, tensor in torch.load(sys.argv[1], weights_only=True).items()]))`;
  const infinite = /Infinity/;
  const printed = runPython(script, file);
  assert.match(printed, infinite);
  assert.equal(JSON.parse(printed.replace(infinite, '1e999')), plain(small));
});

test.needs(
  torch,
  "PyTorch's files are read, new and old, its modules and other types refused",
  async () => {
    const folder = temporaryFolder();
    const script = `
import argparse, json, sys, torch
t = torch.arange(120.).reshape(2, 3, 4, 5)
images = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3), torch.nn.BatchNorm2d(2))
tensors = {'plain': t, 'channels_last': t.to(memory_format=torch.channels_last), 'view': t[1, 1:, ::2],
           'transposed': t[0].permute(2, 0, 1), 'parameter': torch.nn.Parameter(t[0, 0]),
           'whole': torch.tensor([[1, -2]]), 'scalar': torch.tensor(7), 'empty': torch.zeros(0, 3),
           'half': (t[0] / 3).half(), 'small': torch.tensor([6e-8, -6e-5, 65504.]).half(),
           'bfloat': (t[0] / 3).bfloat16(), 'double': t[1].double().permute(2, 1, 0) / 3}
optimizer = torch.optim.Adam(images.parameters())
images(t[:, :, :4, :4]).sum().backward()
optimizer.step()
other = {'w': torch.zeros(1)}
saved = {'tensors': tensors, 'module': images.state_dict(),
         'wrapped': {'epoch': 3, 'loss': [0.5, None, True], 'bytes': torch.zeros(3, dtype=torch.uint8),
                     'optimizer': optimizer.state_dict(), 'state_dict': tensors},
         'model_state_dict': {'model_state_dict': tensors, 'model': 'resnet18'},
         'model': {'model': tensors, 'epoch': 3}, 'averaged': {'state_dict': other, 'state_dict_ema': tensors}}
refused = {'whole module': images, 'bytes': {'w': torch.zeros(3).byte()},
           'arguments': {'args': argparse.Namespace(lr=1), 'state_dict': tensors}, 'mixed': {'epoch': 3, **tensors}}
for name, value in {**saved, **refused}.items():
  torch.save(value, f'{sys.argv[1]}/{name}')
  torch.save(value, f'{sys.argv[1]}/{name} of old', _use_new_zipfile_serialization=False)
torch.save(tensors, f'{sys.argv[1]}/protocol 4', pickle_protocol=4)
listed = lambda state: [[name, {torch.int64: 'int64'}.get(v.dtype, 'float32'), list(v.shape), v.float().flatten().tolist()]
                        for name, v in state.items()]
print(json.dumps({'tensors': listed(tensors), 'module': listed(images.state_dict())}))`;
    const { tensors, module } = JSON.parse(runPython(script, folder));
    const read = (name: string) => readTorchFile(readFileSync(path.join(folder, name)));
    const expected = { tensors, module, 'protocol 4': tensors, wrapped: tensors };
    const wrapped = { model_state_dict: tensors, model: tensors, averaged: tensors };
    for (const [name, state] of Object.entries({ ...expected, ...wrapped })) {
      assert.equal(plain(read(name).state), state, name);
      assert.is(read(name).records.size, 0);
      if (name !== 'protocol 4') assert.equal(plain(read(`${name} of old`).state), state, name);
    }
    const refused = {
      arguments: /argparse\.Namespace/,
      bytes: /ByteStorage/,
      mixed: /epoch is no tensor/,
    };
    for (const [name, reason] of Object.entries(refused)) {
      for (const each of [name, `${name} of old`]) {
        assert.match((await failsWith('BAD_MODEL_FILE', () => read(each))).message, reason);
      }
    }
    const whole = await failsWith('BAD_MODEL_FILE', () => read('whole module'));
    assert.match(whole.message, /torch\.nn.*Sequential/);

    const old = readFileSync(path.join(folder, 'tensors of old'));
    for (let cut = 0; cut < old.length; cut += 7) {
      await failsWith('BAD_MODEL_FILE', () => readTorchFile(old.subarray(0, cut)));
    }
    await failsWith('BAD_MODEL_FILE', () => readTorchFile(Buffer.concat([old, Buffer.of(0)])));
  },
);

test('a file that is cut off anywhere, or goes on, is refused', async () => {
  for (let cut = 0; cut < smallFile.length; cut += 1) {
    await failsWith('BAD_MODEL_FILE', () => readTorchFile(smallFile.subarray(0, cut)));
  }
  await failsWith('BAD_MODEL_FILE', () => readTorchFile(Buffer.concat([smallFile, Buffer.of(0)])));
});

test('a flipped byte anywhere is refused or changes no tensor', () => {
  const draw = random(5, 'flipped bytes');
  const entries = readZip(smallFile);
  const content = new Set<number>();
  for (const name of ['archive/data.pkl', 'archive/data/1', 'archive/gillnet.json']) {
    const bytes = entries.get(name) as Uint8Array;
    const start = bytes.byteOffset - smallFile.byteOffset;
    for (let i = 0; i < bytes.length; i += 1) content.add(start + i);
  }
  assert.ok(content.size > 1000);
  for (let at = 0; at < smallFile.length; at += 1) {
    const flipped = Buffer.from(smallFile);
    flipped[at] = (flipped[at] as number) ^ (1 + draw.integer(255));
    const tensors = tensorsOrRefusal(flipped);
    if (content.has(at)) assert.is(tensors, null, `byte ${at} is content`);
    if (tensors) assert.equal(tensors, plain(small), `byte ${at}`);
  }
});

test('big-endian bytes, a second pickle and bytes behind a pickle are refused', async () => {
  const file = writeTorchFile({
    state: small,
    records: new Map([['large', Buffer.alloc(10_000)]]),
  });
  assert.equal([...readTorchFile(file).records.keys()], ['large']);
  const pickled = readZip(file).get('archive/data.pkl') as Uint8Array;
  const refused: [name: string, bytes: Uint8Array, reason: RegExp][] = [
    ['archive/byteorder', Buffer.from('big'), /big-endian/],
    ['other/data.pkl', pickled, /2 files data\.pkl/],
    ['archive/data.pkl', Buffer.concat([pickled, Buffer.of(0)]), /behind its end/],
  ];
  for (const [name, bytes, reason] of refused) {
    const changed = writeZip(readZip(file).set(name, bytes));
    assert.match((await failsWith('BAD_MODEL_FILE', () => readTorchFile(changed))).message, reason);
  }
});

test('a model keeps its description; one without, or with another, is refused', async () => {
  const model = decodeModel(smallFile, 'model.pt');
  const { tensorsSha256, photosSha256, ...said } = model.description;
  assert.equal(said, description);
  assert.equal([tensorsSha256, photosSha256], [tensorsSha256Of(small), undefined]);
  assert.equal(plain(model.state), plain(small));
  const calibrated = { ...description, temperature: 1.25 };
  const again = decodeModel(encodeModel({ description: calibrated, state: small }), 'model.pt');
  assert.is(again.description.temperature, 1.25);
  const int8 = {
    maxima: Array.from({ length: 20 }, (_, index) => 1 + index / 4),
    valAccuracy: 0.5,
  };
  const quantized = encodeModel({ description: { ...description, int8 }, state: small });
  assert.equal(decodeModel(quantized, 'model.pt').description.int8, int8);

  const withRecord = (record: string) =>
    writeTorchFile({ state: small, records: new Map([['gillnet.json', Buffer.from(record)]]) });
  const changed = (change: object) => withRecord(JSON.stringify({ ...description, ...change }));
  const oldest = decodeModel(changed({ architecture: undefined }), 'model.pt');
  assert.is(oldest.description.architecture, 'resnet18');
  const refused: [file: Uint8Array, reason: RegExp][] = [
    [writeTorchFile({ state: small, records: new Map() }), /^m\.pt .* `--weights`/],
    [smallFile.subarray(0, 1000), /^m\.pt .*cut off/],
    [changed({ formatVersion: 2 }), /^m\.pt .*version 2.*Update gillnet/],
    [withRecord('null'), /^m\.pt .*version undefined/],
    [withRecord('{'), /^m\.pt .*JSON/],
    ...[
      { classes: [] },
      { classes: [1] },
      { imageSize: 64.5 },
      { mean: [0, 1] },
      { std: 'x' },
      { temperature: 0 },
      { temperature: '1' },
      { int8: null },
      { int8: { ...int8, valAccuracy: null } },
      { int8: { ...int8, maxima: int8.maxima.slice(1) } },
      { int8, architecture: 'resnet34' },
      ...[0, -1, '1', 1e39, 1e-46].map((value) => ({
        int8: { ...int8, maxima: int8.maxima.with(7, value as number) },
      })),
    ].map((change): [Buffer, RegExp] => [changed(change), /^m\.pt .*gillnet\.json is damaged/]),
  ];
  for (const [file, reason] of refused) {
    const error = await failsWith('BAD_MODEL_FILE', () => decodeModel(file, 'm.pt'));
    assert.match(error.message, reason);
  }
});

test('a classifier is made of all of a model’s tensors, or not at all', async () => {
  const classes = ['a', 'b'];
  const network = new Classifier({ classes, imageSize: 64, seed: 5 });
  const state = await network.state();
  const pixels = new Uint8Array(64 * 64 * 3).fill(77);
  const batch = { pixels, count: 1, height: 64, width: 64 };
  const own = { ...description, classes };
  const same = await Classifier.of({ description: own, state });
  assert.equal(await same.predict(batch), await network.predict(batch));
  assert.is(same.temperature, 1);
  same.dispose();
  const calibrated = await Classifier.of({ description: { ...own, temperature: 1.25 }, state });
  assert.is(calibrated.temperature, 1.25);
  calibrated.dispose();
  network.dispose();
  const { 'layer4.1.bn2.weight': _, ...less } = state;
  for (const model of [
    { description: own, state: less },
    { description: { ...own, classes: ['a', 'b', 'c'] }, state },
    { description: { ...own, imageSize: 8 }, state },
    { description: own, state: { ...state, 'fc.bias': float32([2], [1, Number.NaN]) } },
  ]) {
    await failsWith('BAD_MODEL_FILE', () => Classifier.of(model));
  }
});

test.run();
