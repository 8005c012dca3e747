/**
 * One of the programs that bench/inference.ts compares: answers `logits` on stdin with those of its photos, and each line
 * `N` with the milliseconds of each of N calls.
 *
 *   node dist/bench/inference-program.js gillnet --dtype float32|int8 …
 *   node dist/bench/inference-program.js onnxruntime --ort FOLDER --onnx FILE …
 *
 * Both take --batch and --architecture.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { defaultArchitecture, isArchitecture } from '../lib/model/architecture.js';
import { setThreads } from '../lib/model/classifier.js';
import { loadAddon } from '../lib/native.js';
import { version } from '../lib/version.js';
import { networkOf, noise } from './inference-network.js';
import { openSession } from './onnxruntime.js';

/** Photos that int8 is calibrated by. */
const calibrating = 32;

interface Predictor {
  name: string;
  /** Logits of all photos. */
  predict(): Promise<Float32Array>;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dtype: { type: 'string', default: 'float32' },
    batch: { type: 'string', default: '1' },
    architecture: { type: 'string', default: defaultArchitecture },
    ort: { type: 'string', default: '.' },
    onnx: { type: 'string', default: '' },
  },
});
const { architecture } = values;
if (!isArchitecture(architecture)) throw new Error(`No architecture ${architecture}`);
const photos = noise('bench', Number(values.batch));

/** Begins with pixels. */
async function gillnet(): Promise<Predictor> {
  setThreads(undefined);
  const classifier = networkOf(architecture as Parameters<typeof networkOf>[0]);
  if (values.dtype === 'int8') {
    const rows = await classifier.calibrate(noise('calibration', calibrating));
    const convolutions = rows.length / calibrating;
    const maxima = new Float32Array(convolutions);
    for (const [index, value] of rows.entries()) {
      const place = index % convolutions;
      maxima[place] = Math.max(maxima[place] as number, value);
    }
    // Nothing is read of those that no ReLU makes positive.
    await classifier.quantize(maxima);
  }
  return {
    name: `gillnet ${version} on LibTorch ${loadAddon().libtorchVersion}`,
    predict: () => classifier.predict(photos),
  };
}

/** Begins with normalised floats. */
async function onnxruntime(): Promise<Predictor> {
  const session = await openSession(values.ort, values.onnx);
  const input = session.inputOf(photos.pixels, photos.count);
  return { name: session.name, predict: () => session.run(input) };
}

const { name, predict } = await (positionals[0] === 'gillnet' ? gillnet : onnxruntime)();
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
