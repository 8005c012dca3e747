/**
 * `node predict.js photo.jpg` from the start of its process to its end, beside the same in Python (PyTorch, torchvision,
 * Pillow) and in Node with onnxruntime-node and sharp: one model, one photo, files in the page cache. All three must
 * give the same answer.
 *
 *   node dist/bench/predict-start.js [--python PYTHON] [--ort FOLDER] [--photo FILE] [--rounds 12] [--json]
 *
 * PYTHON has torch 2.x, torchvision and Pillow; FOLDER has node_modules with onnxruntime-node and sharp. What is not
 * named does not take part. Without --photo one is drawn, 640×480.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { encodeOnnx } from '../lib/model/export/onnx.js';
import { encodeModel } from '../lib/model/model-file.js';
import { modelName } from '../lib/model/registry.js';
import { loadAddon } from '../lib/native.js';
import { random } from '../lib/random.js';
import { drawPhoto } from '../lib/sample/scene.js';
import { species } from '../lib/sample/species.js';
import { version } from '../lib/version.js';
import { modelOf } from './inference-network.js';
import { type Contestant, startToEnd, takeTurns, tell } from './pairs.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const command = 'npm run bench -- predict-start';
/** Resizing differs between sharp and Pillow, which moves a confidence by less. */
const tolerance = 0.03;

const { values: flags } = parseArgs({
  options: {
    python: { type: 'string' },
    ort: { type: 'string' },
    photo: { type: 'string' },
    rounds: { type: 'string', default: '12' },
    json: { type: 'boolean' },
  },
});

/** One that is started anew for each turn. */
interface Starter extends Contestant {
  /** Of the last turn. */
  answer: Answer;
}

interface Answer {
  label: string;
  /** 0…1 */
  confidence: number;
  /** Of what has computed it, where the program tells. */
  version?: string;
}

/** @param answerOf what its output says */
function starter(
  name: string,
  program: string,
  args: string[],
  answerOf: (output: string) => Answer = JSON.parse,
): Starter {
  return {
    name,
    answer: { label: '', confidence: 0 },
    async turn() {
      const { seconds, output } = await startToEnd(program, args, root);
      this.answer = answerOf(output);
      return seconds * 1000;
    },
    end: async () => {},
  };
}

/** A ResNet-18 of random weights in three forms, and a photo. */
async function prepare(folder: string) {
  const model = await modelOf('resnet18');
  const places = {
    models: folder,
    model: path.join(folder, modelName(new Date())),
    onnx: path.join(folder, 'model.onnx'),
    photo: path.join(folder, 'photo.jpg'),
    classes: model.description.classes,
  };
  await writeFile(places.model, encodeModel(model));
  await writeFile(places.onnx, encodeOnnx(model));
  await writeFile(places.photo, await photoBytes());
  return places;
}

async function photoBytes(): Promise<Buffer> {
  if (flags.photo) return readFile(flags.photo);
  const { bytes } = await drawPhoto(species[0] as (typeof species)[number], random(1, 'bench'));
  return sharp(bytes).resize(640, 480, { fit: 'fill' }).jpeg({ quality: 90 }).toBuffer();
}

function contestants({ models, model, onnx, photo, classes }: Awaited<ReturnType<typeof prepare>>) {
  const gillnet = starter(
    `gillnet ${version} on LibTorch ${loadAddon().libtorchVersion}`,
    process.execPath,
    ['predict.js', '--models', models, '--json', photo],
    (output) => JSON.parse(output.trim().split('\n').at(-1) ?? ''),
  );
  const peers: { name: string; goal: string; peer: Starter }[] = [];
  if (flags.python) {
    const args = [path.join(root, 'bench/predict_start.py'), model, photo];
    const peer = starter('Python with torch, torchvision and Pillow: PyTorch', flags.python, args);
    peers.push({ name: 'predict.js, start to end, vs Python', goal: '< 0.5', peer });
  }
  if (flags.ort) {
    const script = path.join(root, 'bench/predict-start-onnx.mjs');
    const args = [script, path.resolve(flags.ort), onnx, photo, JSON.stringify(classes)];
    const peer = starter('Node with sharp and onnxruntime-node', process.execPath, args);
    peers.push({ name: 'predict.js, start to end, vs onnxruntime-node', goal: '< 2', peer });
  }
  if (peers.length === 0) throw new Error('--python PYTHON or --ort FOLDER is missing');
  return { gillnet, peers };
}

function requireSameAnswer(one: Starter, other: Starter): void {
  const apart = Math.abs(one.answer.confidence - other.answer.confidence);
  if (one.answer.label === other.answer.label && apart < tolerance) return;
  const told = [one, other].map(({ name, answer }) => `${name}: ${JSON.stringify(answer)}`);
  throw new Error(`The programs differ. ${told.join('; ')}`);
}

const folder = await mkdtemp(path.join(tmpdir(), 'gillnet-bench-'));
try {
  const { gillnet, peers } = contestants(await prepare(folder));
  const all = [gillnet, ...peers.map(({ peer }) => peer)];
  const [ours, ...theirs] = await takeTurns(all, Number(flags.rounds));
  peers.forEach(({ name, goal, peer }, index) => {
    requireSameAnswer(gillnet, peer);
    const versions = { ours: gillnet.name, theirs: `${peer.name} ${peer.answer.version}` };
    const about = { name, unit: 'ms', goal, versions, command };
    tell(about, ours, theirs[index], flags.json);
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}
