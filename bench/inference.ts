/**
 * Inference beside onnxruntime-node: both programs hold the same network, get the same noise and take turns in blocks
 * of calls. Turns call by call would throw each other's weights out of the cache.
 *
 *   node dist/bench/inference.js --ort FOLDER [--batch 1] [--architecture resnet18] [--rounds 12] [--calls 20] [--json FILE]
 *
 * FOLDER is where `npm install onnxruntime-node` ran. gillnet's calls begin with pixels, onnxruntime's with normalised
 * floats. Prints each program's median and 99th percentile, and the ratio of the medians, gillnet / onnxruntime: the
 * median over the rounds of each round's own, with the lowest and the highest.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus } from 'node:os';
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

const imageSize = 224;
const classes = ['a', 'b', 'c', 'd', 'e'];

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

/** Answers each line `N` on stdin with the milliseconds of each of N calls. */
async function serve(predict: () => Promise<Logits>): Promise<void> {
  console.log(JSON.stringify(Array.from(await predict())));
  for await (const line of createInterface({ input: process.stdin })) {
    const times: number[] = [];
    for (let left = Number(line); left > 0; left -= 1) {
      const began = performance.now();
      await predict();
      times.push(performance.now() - began);
    }
    console.log(JSON.stringify(times));
  }
  process.exit();
}

class Contestant {
  readonly times: number[] = [];
  #child: ChildProcess;
  #lines: AsyncIterator<string>;

  constructor(
    readonly name: string,
    args: string[],
  ) {
    this.#child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[
      Symbol.asyncIterator
    ]();
  }

  async numbers(): Promise<number[]> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.name} ended early; its reason stands above.`);
    return JSON.parse(value) as number[];
  }

  /** @returns milliseconds of each call, of which the first few count for nothing */
  async run(calls: number): Promise<number[]> {
    this.#child.stdin?.write(`${calls + 2}\n`);
    const counted = (await this.numbers()).slice(2);
    this.times.push(...counted);
    return counted;
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    await once(this.#child, 'close');
  }
}

const quantile = (values: number[], share: number) =>
  [...values].sort((a, b) => a - b)[
    Math.min(values.length - 1, Math.floor(values.length * share))
  ] as number;
const median = (values: number[]) => quantile(values, 0.5);

async function compare(): Promise<void> {
  const [rounds, calls, batch] = [values.rounds, values.calls, values.batch].map(Number) as [
    number,
    number,
    number,
  ];
  const shared = [
    '--batch',
    values.batch,
    '--architecture',
    values.architecture,
    '--ort',
    values.ort ?? '.',
  ];
  const own = new Contestant('gillnet', ['--serve', 'gillnet', ...shared]);
  const peer = new Contestant('onnxruntime-node', ['--serve', 'onnxruntime', ...shared]);
  const both = [own, peer];
  const [first, second] = (await Promise.all(both.map((each) => each.numbers()))) as [
    number[],
    number[],
  ];
  const logits = batch * classes.length;
  const largest = Math.max(...second.slice(0, logits).map(Math.abs));
  const difference =
    Math.max(...second.slice(0, logits).map((value, i) => Math.abs(value - (first[i] as number)))) /
    largest;

  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Who begins alternates.
    const order = round % 2 === 0 ? both : [...both].reverse();
    const medians = new Map<Contestant, number>();
    for (const each of order) medians.set(each, median(await each.run(calls)));
    ratios.push((medians.get(own) as number) / (medians.get(peer) as number));
  }
  for (const each of both) await each.end();

  const result = {
    ...{ architecture: values.architecture, batch, imageSize, rounds, calls },
    libtorch: loadAddon().libtorchVersion,
    machine: `${availableParallelism()} × ${cpus()[0]?.model}`,
    programs: both.map(({ name, times }) => ({
      ...{ name, milliseconds: { median: median(times), p99: quantile(times, 0.99) } },
      imagesPerSecond: (1000 * batch) / median(times),
    })),
    ratio: { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) },
    logitsDifference: difference,
  };
  for (const { name, milliseconds, imagesPerSecond } of result.programs) {
    const { median, p99 } = milliseconds;
    console.log(
      `${name}: ${median.toFixed(2)} ms a call, p99 ${p99.toFixed(2)} ms (${(p99 / median).toFixed(2)} ×), ${imagesPerSecond.toFixed(1)} images/s`,
    );
  }
  const { median: middle, lowest, highest } = result.ratio;
  console.log(
    `time gillnet / onnxruntime-node ${middle.toFixed(3)} (${lowest.toFixed(3)} to ${highest.toFixed(3)}, ${rounds} rounds of ${calls} calls); logits differ by ${difference.toExponential(1)} of the largest`,
  );
  if (values.json) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
}

const { values } = parseArgs({
  options: {
    serve: { type: 'string' },
    ort: { type: 'string' },
    batch: { type: 'string', default: '1' },
    architecture: { type: 'string', default: defaultArchitecture },
    rounds: { type: 'string', default: '12' },
    calls: { type: 'string', default: '20' },
    json: { type: 'string' },
  },
});
if (!isArchitecture(values.architecture)) throw new Error(`No architecture ${values.architecture}`);
const { architecture } = values;
if (!values.ort) throw new Error('Give --ort FOLDER, where `npm install onnxruntime-node` ran');
if (values.serve === 'gillnet') await serve(await gillnet(architecture, Number(values.batch)));
else if (values.serve)
  await serve(await onnxruntime(architecture, Number(values.batch), values.ort));
else await compare();
