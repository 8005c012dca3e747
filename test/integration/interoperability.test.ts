import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { type Architecture, architectures } from '../../lib/model/architecture.js';
import { decodeModel, encodeModel } from '../../lib/model/model-file.js';
import { programs } from '../servers/programs.js';
import { ended, startGillnet } from '../support/command.js';
import {
  assertNear,
  classes,
  drawnPixels,
  runPython,
  scored,
  toPython,
  trainedModel,
} from '../support/interoperability.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('model files between gillnet and Python');

const { torchPython } = programs;
/** Debian's, which is 1.13.1 on bookworm. */
const debian = { python: '/usr/bin/python3', torch: '/usr/lib/python3/dist-packages/torch' };
const pixels = drawnPixels();

/** Logits by file. */
type Scores = Record<string, number[]>;

const all = new Map<Architecture, ReturnType<typeof exported>>();

/** A model's file, what is exported of it, and what it scores here: made once. */
function modelOf(architecture: Architecture) {
  const model = all.get(architecture) ?? exported(architecture);
  all.set(architecture, model);
  return model;
}

async function exported(architecture: Architecture) {
  const folder = temporaryFolder();
  const { model, logits } = await trainedModel(architecture, pixels);
  const file = path.join(folder, 'model.pt');
  writeFileSync(file, encodeModel(model));
  const files = [file];
  for (const format of ['onnx', 'torchscript', 'safetensors']) {
    const args = ['models', 'export', file, '--format', format, '--out', folder];
    const { status, stderr } = await ended(startGillnet(args, { cwd: folder }));
    assert.is(status, 0, stderr);
    files.push(path.join(folder, `model.${format}`));
  }
  return { folder, files, logits };
}

for (const architecture of Object.keys(architectures) as Architecture[]) {
  test.needs(
    torchPython,
    `a ${architecture} made here scores the same in PyTorch, timm and ONNX Runtime`,
    async () => {
      const { folder, files, logits } = await modelOf(architecture);
      const facts = toPython(folder, pixels, architecture);
      const scores = runPython<Scores>(torchPython, 'score.py', folder, facts, ...files);
      assert.is(Object.keys(scores).length, 4);
      for (const [file, found] of Object.entries(scores)) {
        assertNear(found, logits, file.endsWith('.onnx') ? 1e-4 : 1e-5);
      }
    },
  );
}

test.needs(debian.torch, 'PyTorch 1.13 runs a TorchScript file', async () => {
  for (const architecture of Object.keys(architectures) as Architecture[]) {
    const { folder, files, logits } = await modelOf(architecture);
    const facts = toPython(folder, pixels, architecture);
    const known = files.filter((file) => /\.(pt|torchscript)$/.test(file));
    const scores = runPython<Scores>(debian.python, 'score.py', folder, facts, ...known);
    assert.is(Object.keys(scores).length, 2);
    for (const found of Object.values(scores)) assertNear(found, logits, 1e-5);
  }
});

test.needs(torchPython, 'what torchvision and timm have saved predicts the same here', async () => {
  const folder = temporaryFolder();
  const facts = toPython(folder, pixels, 'resnet18');
  const scores = runPython<Scores>(torchPython, 'save.py', folder, facts);
  assert.is(Object.keys(scores).length, 4);
  const models = path.join(folder, 'models');
  for (const [name, expected] of Object.entries(scores)) {
    const names = ['--classes', classes.join(), '--image-size', '64'];
    const args = ['models', 'import', name, ...names, '--models', models, '--json'];
    const { status, stdout } = await ended(startGillnet(args, { cwd: folder }));
    assert.is(status, 0, stdout);
    const { model } = JSON.parse(stdout);
    assert.ok(readdirSync(models).includes(model));
    const file = path.join(models, model);
    assertNear(
      await scored(decodeModel(readFileSync(file), file), pixels),
      Float32Array.from(expected),
      1e-5,
    );
  }
});

test.run();
