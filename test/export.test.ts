import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import * as assert from 'uvu/assert';
import { type Architecture, architectures, shapeOf } from '../lib/model/architecture.js';
import { Classifier } from '../lib/model/classifier.js';
import { encodeOnnx } from '../lib/model/export/onnx.js';
import { encodeSafetensors } from '../lib/model/export/safetensors.js';
import { encodeTorchScript } from '../lib/model/export/torchscript.js';
import { modelOfWeights } from '../lib/model/foreign.js';
import { readSafetensors } from '../lib/model/formats/safetensors.js';
import { readZip } from '../lib/model/formats/zip.js';
import { tensorsOf } from '../lib/model/graph.js';
import { decodeModel, encodeModel } from '../lib/model/model-file.js';
import { imageNetMean } from '../lib/model/normalization.js';
import type { NativeState, NativeTensor } from '../lib/native.js';
import { failsWith } from './support/errors.js';
import { gillnetHere } from './support/here.js';
import {
  classes,
  described,
  drawnPixels,
  scored,
  trainedModel,
} from './support/interoperability.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('models for other programs');

const pixels = drawnPixels();
const { model, logits } = await trainedModel('resnet18', pixels);
const { description, state } = model;
const encoders = { encodeOnnx, encodeTorchScript, encodeSafetensors };
const sameBytes = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

test('the walk names the tensors that the addon’s network has, in their order', async () => {
  for (const architecture of Object.keys(architectures) as Architecture[]) {
    const classifier = new Classifier({ architecture, classes, imageSize: 64 });
    const own = Object.entries(await classifier.state());
    classifier.dispose();
    const walked = [...tensorsOf(shapeOf(architecture), classes.length)];
    assert.equal(
      walked,
      own.map(([name, { dtype, shape }]) => [name, { dtype, shape }]),
    );
  }
});

test('a safetensors file holds the tensors, aligned, and the description', () => {
  const file = encodeSafetensors(model);
  const length = Number(file.readBigUInt64LE());
  assert.is(length % 8, 0);
  const header = JSON.parse(file.toString('utf8', 8, 8 + length));
  assert.equal(JSON.parse(header.__metadata__['gillnet.json']), description);
  const read = readSafetensors(file);
  assert.equal(Object.keys(read).sort(), Object.keys(state).sort());
  for (const [name, { dtype, shape, data }] of Object.entries(state)) {
    const found = read[name] as NativeTensor;
    assert.equal([found.dtype, found.shape], [dtype, shape]);
    assert.ok(sameBytes(found.data, data), name);
    const [begin] = header[name].data_offsets;
    assert.is(begin % (dtype === 'int64' ? 8 : 4), 0, `${name} is aligned`);
  }
});

/** A protobuf message's values by the numbers of their fields. */
function fieldsOf(bytes: Uint8Array): Map<number, (Uint8Array | number)[]> {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (Uint8Array | number)[]>();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const value =
      type === WireType.LengthDelimited
        ? reader.bytes()
        : type === WireType.Varint
          ? Number(reader.int64())
          : reader.float();
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}
const messages = (fields: Map<number, unknown[]>, field: number) =>
  (fields.get(field) ?? []).map((bytes) => fieldsOf(bytes as Uint8Array));
const text = (fields: Map<number, unknown[]>, field: number) =>
  Buffer.from(fields.get(field)?.[0] as Uint8Array).toString();

test('an ONNX file holds the network as nodes, its tensors and what a program must know', () => {
  const file = fieldsOf(encodeOnnx(model));
  const [opset] = messages(file, 8);
  assert.equal([file.get(1), opset?.get(2)], [[13], [26]]);
  const facts = new Map(messages(file, 14).map((entry) => [text(entry, 1), text(entry, 2)]));
  assert.equal(JSON.parse(facts.get('gillnet.json') ?? ''), description);
  assert.equal(JSON.parse(facts.get('classes') ?? ''), classes);
  assert.equal(JSON.parse(facts.get('mean') ?? ''), imageNetMean);
  assert.equal([facts.get('temperature'), facts.get('image_size')], ['1.5', '64']);

  const [graph = new Map()] = messages(file, 7);
  const floats = Object.entries(state).filter(([, { dtype }]) => dtype === 'float32');
  const initializers = messages(graph, 5);
  assert.equal(
    initializers.map((each) => [text(each, 8), each.get(1)]),
    floats.map(([name, { shape }]) => [name, shape]),
  );
  for (const [index, [name, { data }]] of floats.entries()) {
    assert.ok(sameBytes(initializers[index]?.get(9)?.[0] as Uint8Array, data), name);
  }
  const operators = messages(graph, 1).map((node) => text(node, 4));
  const counted = (name: string) => operators.filter((each) => each === name).length;
  assert.equal(['Conv', 'BatchNormalization', 'Relu', 'Add'].map(counted), [20, 20, 17, 8]);
});

test('a TorchScript file holds a module for each layer, its tensors, and the description', () => {
  const entries = readZip(encodeTorchScript(model));
  const entry = (name: string) => Buffer.from(entries.get(`archive/${name}`) ?? '');
  assert.equal(JSON.parse(entry('extra/gillnet.json').toString()), description);
  assert.is(entry('version').toString(), '3\n');
  for (const [index, [name, { data }]] of Object.entries(state).entries()) {
    assert.ok(sameBytes(entry(`data/${index}`), data), name);
  }
  const code = entry('code/__torch__/gillnet.py').toString();
  const defined = [...code.matchAll(/^class (\w+)/gm)].map(([, name]) => name);
  const named = [
    ...entry('data.pkl')
      .toString('latin1')
      .matchAll(/c__torch__\.gillnet\n(\w+)\n/g),
  ];
  assert.equal([...new Set(named.map(([, name]) => name))].sort(), [...defined].sort());
  assert.match(code, /\(getattr\(self\.layer2, "0"\)\.conv1\)\.forward\(/);
});

const without = (name: string): NativeState =>
  Object.fromEntries(Object.entries(state).filter(([each]) => each !== name));

test('what is not the whole network is exported to no format', async () => {
  const head = state['fc.weight'] as NativeTensor;
  const faults: [faulty: NativeState, reason: RegExp][] = [
    [without('layer4.1.bn2.running_var'), /ResNet-18.*layer4\.1\.bn2\.running_var is missing/],
    [{ ...state, extra: head }, /extra is none of its own/],
    [{ ...state, 'fc.weight': { ...head, shape: [512, 3] } }, /fc\.weight.*\[512, 3\].*\[3, 512\]/],
  ];
  for (const encode of Object.values(encoders)) {
    for (const [faulty, reason] of faults) {
      const work = () => encode({ description, state: faulty });
      assert.match((await failsWith('BAD_MODEL_FILE', work)).message, reason);
    }
  }
});

test('a state_dict becomes a model that says no more than is known', async () => {
  const sha256 = 'ab'.repeat(32);
  const counter = 'bn1.num_batches_tracked';
  const weights = { name: 'theirs.pth', sha256, state: without(counter) };
  const made = modelOfWeights(weights, { classes, imageSize: 64 });
  const { recipe, seed, metrics, photos, dataFingerprint, baseWeights } = made.description;
  assert.equal([recipe, seed, metrics, photos, dataFingerprint], Array(5).fill(null));
  assert.equal(baseWeights, { name: 'theirs.pth', sha256 });
  assert.equal(made.state[counter]?.data, new Uint8Array(8));
  const read = decodeModel(encodeModel(made), 'model.pt');
  assert.equal(await scored(read, pixels), logits);
});

test('a state_dict of another network, or of other classes, is refused', async () => {
  const refused: [state: NativeState, classes: string[], reason: RegExp][] = [
    [state, ['a', 'b'], /theirs\.pth tells 3 classes apart, and --classes names 2/],
    [without('layer1.1.conv2.weight'), classes, /unknown.*ResNet-18, ResNet-34, ResNet-50/],
    [without('fc.bias'), classes, /head of the ResNet-18 in theirs\.pth is not one linear layer/],
    [without('bn1.bias'), classes, /bn1\.bias is missing/],
  ];
  for (const [given, names, reason] of refused) {
    const weights = { name: 'theirs.pth', sha256: '', state: given };
    const work = () => modelOfWeights(weights, { classes: names });
    assert.match((await failsWith('BAD_MODEL_FILE', work)).message, reason);
  }
});

test('the commands write where they are told to, overwrite nothing, and take what they have written', async () => {
  const cwd = temporaryFolder();
  const gillnet = (...args: string[]) => gillnetHere(['models', ...args], { cwd });
  writeFileSync(
    path.join(cwd, 'mine.pt'),
    encodeModel({ description: described('resnet18'), state }),
  );
  mkdirSync(path.join(cwd, 'out'));
  const toFolder = ['export', './mine.pt', '--format', 'safetensors', '--out', 'out'];
  const { stdout } = await gillnet(...toFolder, '--json');
  const told = JSON.parse(stdout);
  assert.equal([told.type, told.file], ['exported', path.join('out', 'mine.safetensors')]);
  assert.is(readFileSync(path.join(cwd, told.file)).length, told.bytes);
  const again = await gillnet(...toFolder);
  assert.is(again.status, 1);
  assert.match(again.stderr, /\[EXISTS\]: .*mine\.safetensors is there already.*--out/);
  const toFile = ['export', './mine.pt', '--format', 'onnx', '--out', 'new/named.onnx'];
  assert.is((await gillnet(...toFile)).status, 0);
  assert.ok(existsSync(path.join(cwd, 'new/named.onnx')));

  writeFileSync(path.join(cwd, 'labels.txt'), `${classes.join('\r\n')}\r\n`);
  const named = ['--classes', '@labels.txt', '--mean', '0,0,0.5'];
  const imported = await gillnet('import', told.file, ...named);
  assert.match(
    imported.stdout,
    /imported .*mine\.safetensors as model_v1_\S+\.pt \(ResNet-18, 3 classes/,
  );
  const models = path.join(cwd, '.gillnet/models');
  const [name = ''] = readdirSync(models).filter((each) => each.endsWith('.pt'));
  const { description: kept } = decodeModel(readFileSync(path.join(models, name)), name);
  assert.equal([kept.classes, kept.mean, kept.imageSize], [classes, [0, 0, 0.5], 224]);

  const missing = await gillnet('import', 'none.pth', '--classes', 'a,b,c');
  assert.is(missing.status, 2);
  assert.match(missing.stderr, /\[NOT_FOUND\]: none\.pth can't be read \(ENOENT\)/);
  for (const [flags, reason] of [
    [['--classes', 'a,a,b'], /names a twice/],
    [['--classes', 'a,,b'], /Class 2 of --classes has no name/],
    [['--classes', 'a,b,c', '--std', '1,1,0'], /three numbers above 0/],
    [[], /--classes/],
  ] as [string[], RegExp][]) {
    const { status, stderr } = await gillnet('import', told.file, ...flags);
    assert.is(status, 2);
    assert.match(stderr, reason);
  }
});

test.run();
