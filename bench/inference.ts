/**
 * Inference in float32 and int8, beside onnxruntime-node and each other: all programs hold the same network, get the
 * same noise and take turns in blocks of calls. Turns call by call would throw each other's weights out of the cache.
 *
 *   node dist/bench/inference.js --ort FOLDER [--python PYTHON] [--batch 1] [--architecture resnet18] [--rounds 12]
 *     [--calls 20] [--json]
 *
 * FOLDER is where `npm install onnxruntime-node` ran; PYTHON has onnx and onnxruntime, whose int8 is left out without.
 * gillnet's calls begin with pixels, onnxruntime's with normalised floats. Tells the median time of a call for one
 * photo, images a second for a batch, and how much longer than the median gillnet's slowest hundredth takes.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  type Architecture,
  defaultArchitecture,
  isArchitecture,
} from '../lib/model/architecture.js';
import { encodeOnnx } from '../lib/model/export/onnx.js';
import { infersInt8 } from '../lib/model/int8.js';
import { loadAddon } from '../lib/native.js';
import { modelOf } from './inference-network.js';
import { type Contestant, median, Program, slowestHundredth, takeTurns, tell } from './pairs.js';

/** Of float32's largest logit, between programs in float32, and of int8 from float32. */
const tolerances = { float32: 1e-3, int8: 0.05 };
const command = 'npm run bench -- inference';

const { values } = parseArgs({
  options: {
    ort: { type: 'string' },
    python: { type: 'string' },
    batch: { type: 'string', default: '1' },
    architecture: { type: 'string', default: defaultArchitecture },
    rounds: { type: 'string', default: '12' },
    calls: { type: 'string', default: '20' },
    json: { type: 'boolean' },
  },
});
const { ort, python, architecture } = values;
if (!isArchitecture(architecture)) throw new Error(`No architecture ${architecture}`);
if (!ort) throw new Error('Give --ort FOLDER, where `npm install onnxruntime-node` ran');
const [batch, rounds, calls] = [values.batch, values.rounds, values.calls].map(Number) as [
  number,
  number,
  number,
];
const isOne = batch === 1;

interface Predicting extends Contestant {
  dtype: keyof typeof tolerances;
  logits: number[];
  /** Milliseconds of all calls that count. */
  times: number[];
}

/** Calls a turn, of which the first two count for nothing; a turn's figure is of their median. */
async function contestant(
  dtype: Predicting['dtype'],
  kind: 'gillnet' | 'onnxruntime',
  given: string[],
): Promise<Predicting> {
  const program = fileURLToPath(new URL('inference-program.js', import.meta.url));
  const shared = ['--dtype', dtype, '--batch', values.batch, '--architecture', values.architecture];
  const child = new Program(process.execPath, [program, kind, ...shared, ...given]);
  const name = await child.ready();
  const times: number[] = [];
  return {
    ...{ name: `${name}, ${dtype}`, dtype, times },
    logits: JSON.parse(await child.answer('logits')),
    async turn() {
      const taken: number[] = JSON.parse(await child.answer(`${calls + 2}`)).slice(2);
      times.push(...taken);
      return isOne ? median(taken) : (1000 * batch) / median(taken);
    },
    end: () => child.end(),
  };
}

/** Files in `folder`: the network in float32, and where Python is there in onnxruntime's int8. */
async function writeOnnx(folder: string, network: Architecture) {
  const [float32, int8] = ['float32', 'int8'].map((name) => path.join(folder, `${name}.onnx`)) as [
    string,
    string,
  ];
  writeFileSync(float32, encodeOnnx(await modelOf(network)));
  const script = fileURLToPath(new URL('../../bench/quantize_onnx.py', import.meta.url));
  const hasVnni = loadAddon()
    .processorFeatures()
    .some((name) => name.endsWith('_vnni'));
  const given = [script, float32, int8, ...(hasVnni ? [] : ['--reduce-range'])];
  if (python) execFileSync(python, given, { stdio: ['ignore', 'ignore', 'inherit'] });
  return { float32, int8 };
}

/** @throws Error where one of them computes something else than the first */
function requireAlike([exact, ...others]: Predicting[]): void {
  const right = exact?.logits ?? [];
  const largest = Math.max(...right.map(Math.abs));
  for (const { name, dtype, logits } of others) {
    const apart = right.map((value, index) => Math.abs(value - (logits[index] as number)));
    const difference = Math.max(...apart) / largest;
    if (!values.json) console.log(`logits of ${name} differ by ${difference.toExponential(1)}`);
    if (!(difference < tolerances[dtype])) {
      throw new Error(`The logits of ${name} differ by ${difference}.`);
    }
  }
}

const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-inference-'));
const all: Predicting[] = [];
try {
  const onnx = await writeOnnx(folder, architecture);
  const exact = await contestant('float32', 'gillnet', []);
  const peer = await contestant('float32', 'onnxruntime', ['--ort', ort, '--onnx', onnx.float32]);
  all.push(exact, peer);
  const int8 = infersInt8() ? await contestant('int8', 'gillnet', []) : null;
  if (int8) all.push(int8);
  const peerInt8 =
    int8 && python
      ? await contestant('int8', 'onnxruntime', ['--ort', ort, '--onnx', onnx.int8])
      : null;
  if (peerInt8) all.push(peerInt8);
  requireAlike(all);

  const figures = await takeTurns(all, rounds);
  const figuresOf = (one: Predicting) => figures[all.indexOf(one)];
  const what = `inference, ${isOne ? 'one photo' : `batch of ${batch}`}`;
  const unit = isOne ? 'ms' : 'images/s';
  const told = (name: string, ours: Predicting, theirs: Predicting, goals: [string, string]) => {
    const versions = { ours: ours.name, theirs: theirs.name };
    const about = { name: `${what}, ${name}`, unit, goal: goals[isOne ? 0 : 1], versions, command };
    tell(about, figuresOf(ours), figuresOf(theirs), values.json);
  };
  told('fp32, vs onnxruntime-node', exact, peer, ['≤ 0.9', '≥ 1.1']);
  if (int8) told('int8, vs its fp32', int8, exact, ['≤ 0.4545', '≥ 2.2']);
  if (int8 && peerInt8) told('int8, vs onnxruntime-node', int8, peerInt8, ['≤ 1', '≥ 1']);
  // The peer's says how much of it is the machine's.
  for (const one of isOne ? [exact, peer] : []) {
    const goal = one === exact ? '≤ 1.5' : null;
    const versions = { ours: one.name, theirs: 'itself' };
    const name = `${what}: p99 beside the median of ${one.name}`;
    const [slowest, typical] = [slowestHundredth(one.times), median(one.times)];
    tell({ name, unit, goal, versions, command }, [slowest], [typical], values.json);
  }
} finally {
  for (const each of all) await each.end();
  rmSync(folder, { recursive: true, force: true });
}
