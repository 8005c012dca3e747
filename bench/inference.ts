/**
 * Inference beside onnxruntime-node: both programs hold the same network, get the same noise and take turns in blocks
 * of calls. Turns call by call would throw each other's weights out of the cache.
 *
 *   node dist/bench/inference.js --ort FOLDER [--batch 1] [--architecture resnet18] [--rounds 12] [--calls 20] [--json]
 *
 * FOLDER is where `npm install onnxruntime-node` ran. gillnet's calls begin with pixels, onnxruntime's with normalised
 * floats. Tells the median time of a call for one photo, images a second for a batch, and how much longer than the
 * median gillnet's slowest hundredth takes.
 */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  type Architecture,
  defaultArchitecture,
  isArchitecture,
} from '../lib/model/architecture.js';
import { Classifier, setThreads } from '../lib/model/classifier.js';
import { encodeOnnx } from '../lib/model/export/onnx.js';
import { imageNetMean, imageNetStd } from '../lib/model/normalization.js';
import { loadAddon } from '../lib/native.js';
import { random } from '../lib/random.js';
import { version } from '../lib/version.js';
import { type Contestant, compare, median, Program, recordOf, takeTurns, tell } from './pairs.js';

const imageSize = 224;
const classes = ['a', 'b', 'c', 'd', 'e'];
/** Of the largest logit. */
const tolerance = 1e-3;

type Logits = ArrayLike<number>;

/** What onnxruntime-node is used for here; it is no dependency. */
interface Runtime {
  InferenceSession: {
    create(
      model: Uint8Array,
      options: object,
    ): Promise<{
      run(feeds: object): Promise<Record<string, { data: Float32Array }>>;
    }>;
  };
  Tensor: new (type: 'float32', data: Float32Array, dims: number[]) => object;
}

function pixelsOf(batch: number): Uint8Array {
  const noise = random(1, 'bench');
  return Uint8Array.from({ length: batch * imageSize ** 2 * 3 }, () => noise.integer(256));
}

async function classifierOf(architecture: Architecture): Promise<Classifier> {
  setThreads(undefined);
  const classifier = new Classifier({ architecture, classes, imageSize, seed: 1 });
  await classifier.state();
  return classifier;
}

async function gillnet(architecture: Architecture, batch: number): Promise<() => Promise<Logits>> {
  const classifier = await classifierOf(architecture);
  const photos = { pixels: pixelsOf(batch), count: batch, height: imageSize, width: imageSize };
  return () => classifier.predict(photos);
}

async function onnxruntime(
  architecture: Architecture,
  batch: number,
  folder: string,
): Promise<() => Promise<Logits>> {
  const required = createRequire(path.join(path.resolve(folder), 'package.json'));
  const { InferenceSession, Tensor } = required('onnxruntime-node') as Runtime;
  const classifier = await classifierOf(architecture);
  const description = {
    ...{ formatVersion: 1, architecture, classes, imageSize, resize: classifier.resize },
    ...{ mean: imageNetMean, std: imageNetStd },
  } as Parameters<typeof encodeOnnx>[0]['description'];
  const file = encodeOnnx({ description, state: await classifier.state() });
  classifier.dispose();
  const session = await InferenceSession.create(file, {
    intraOpNumThreads: availableParallelism(),
    graphOptimizationLevel: 'all',
  });
  const area = imageSize ** 2;
  const input = new Float32Array(batch * 3 * area);
  for (const [index, pixel] of pixelsOf(batch).entries()) {
    const [place, channel] = [Math.floor(index / 3), index % 3];
    const to = (Math.floor(place / area) * 3 + channel) * area + (place % area);
    input[to] =
      (pixel / 255 - (imageNetMean[channel] as number)) / (imageNetStd[channel] as number);
  }
  const feeds = { input: new Tensor('float32', input, [batch, 3, imageSize, imageSize]) };
  return async () => (await session.run(feeds)).logits?.data as Float32Array;
}

/** Answers `logits` on stdin with those, and each line `N` with the milliseconds of each of N calls. */
async function serve(name: string, predict: () => Promise<Logits>): Promise<void> {
  const logits = Array.from(await predict());
  console.log(`ready ${name}`);
  for await (const line of createInterface({ input: process.stdin })) {
    const times: number[] = [];
    for (let left = Number(line); left > 0; left -= 1) {
      const began = performance.now();
      await predict();
      times.push(performance.now() - began);
    }
    console.log(JSON.stringify(line === 'logits' ? logits : times));
  }
  process.exit();
}

interface Predicting extends Contestant {
  logits: number[];
  /** Milliseconds of all calls that count. */
  times: number[];
}

/** Calls a turn, of which the first two count for nothing; a turn's figure is what `figureOf` makes of their median. */
async function contestant(
  kind: string,
  calls: number,
  figureOf: (milliseconds: number) => number,
): Promise<Predicting> {
  const self = fileURLToPath(import.meta.url);
  const shared = ['--batch', values.batch, '--architecture', values.architecture];
  const args = [self, '--serve', kind, ...shared, '--ort', values.ort ?? '.'];
  const child = new Program(process.execPath, args);
  const name = await child.ready();
  const times: number[] = [];
  return {
    name,
    logits: JSON.parse(await child.answer('logits')),
    times,
    async turn() {
      const taken: number[] = JSON.parse(await child.answer(`${calls + 2}`)).slice(2);
      times.push(...taken);
      return figureOf(median(taken));
    },
    end: () => child.end(),
  };
}

/** @returns the largest difference, as a part of the largest logit of `right` */
function differenceOf(right: number[], other: number[]): number {
  const largest = Math.max(...right.map(Math.abs));
  const apart = right.map((value, index) => Math.abs(value - (other[index] as number)));
  return Math.max(...apart) / largest;
}

async function comparePrograms(rounds: number, calls: number, batch: number): Promise<void> {
  const isOne = batch === 1;
  const figureOf = (milliseconds: number) => (isOne ? milliseconds : (1000 * batch) / milliseconds);
  const own = await contestant('gillnet', calls, figureOf);
  const peer = await contestant('onnxruntime', calls, figureOf);
  const difference = differenceOf(peer.logits, own.logits);
  if (!(difference < tolerance)) throw new Error(`The logits differ by ${difference}.`);

  const [ours = [], theirs = []] = await takeTurns([own, peer], rounds);
  for (const each of [own, peer]) await each.end();
  const what = isOne ? 'one photo' : `batch of ${batch}`;
  const command = 'npm run bench -- inference';
  const about = {
    name: `inference, ${what}, fp32, vs onnxruntime-node`,
    ...(isOne ? { unit: 'ms', goal: '≤ 0.9' } : { unit: 'images/s', goal: '≥ 1.1' }),
    ...{ versions: { ours: own.name, theirs: peer.name }, command },
  };
  tell(recordOf(about, compare(ours, theirs)), values.json);
  if (!isOne) return;
  const slowest = [...own.times].sort((a, b) => a - b)[Math.floor(own.times.length * 0.99)];
  const spread = {
    ...{ name: 'inference, one photo, fp32: p99 beside the median', unit: 'ms', goal: '≤ 1.5' },
    ...{ versions: { ours: own.name, theirs: 'itself' }, command },
  };
  tell(recordOf(spread, compare([slowest as number], [median(own.times)])), values.json);
}

const { values } = parseArgs({
  options: {
    serve: { type: 'string' },
    ort: { type: 'string' },
    batch: { type: 'string', default: '1' },
    architecture: { type: 'string', default: defaultArchitecture },
    rounds: { type: 'string', default: '12' },
    calls: { type: 'string', default: '20' },
    json: { type: 'boolean' },
  },
});
if (!isArchitecture(values.architecture)) throw new Error(`No architecture ${values.architecture}`);
const { architecture } = values;
if (!values.ort) throw new Error('Give --ort FOLDER, where `npm install onnxruntime-node` ran');
const batch = Number(values.batch);
if (values.serve === 'gillnet') {
  const name = `gillnet ${version} on LibTorch ${loadAddon().libtorchVersion}`;
  await serve(name, await gillnet(architecture, batch));
} else if (values.serve) {
  const { version: runtime } = createRequire(path.join(path.resolve(values.ort), 'package.json'))(
    'onnxruntime-node/package.json',
  );
  await serve(`onnxruntime-node ${runtime}`, await onnxruntime(architecture, batch, values.ort));
} else {
  await comparePrograms(Number(values.rounds), Number(values.calls), batch);
}
