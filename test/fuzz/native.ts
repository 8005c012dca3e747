import { parseArgs } from 'node:util';
import { loadAddon, type NativeClassifier } from '../../lib/native.js';
import { loadNativeFingerprint } from '../../lib/native-fingerprint.js';
import { type Random, random } from '../../lib/random.js';
import {
  any,
  batchOf,
  classes,
  edge,
  foldsOf,
  optionsOf,
  rasterOf,
  spoilt,
  stateOf,
} from './native-arguments.js';
import { rarely } from './structures.js';

/**
 * Calls everything that the addons export with arguments that are wrong in part. A call may give a value, or fail with a
 * documented code or with what the arguments' own code threw; the sanitizers end the process for all else.
 */

const { values } = parseArgs({
  options: { cases: { type: 'string', default: '3000' }, seed: { type: 'string', default: '1' } },
});
const [seed, cases] = [Number(values.seed), Number(values.cases)];

const addon = loadAddon();
const { fingerprint } = loadNativeFingerprint();
addon.setThreads(1);

/** A classifier takes 180 MB with its optimizer: a few at once. */
const alive: NativeClassifier[] = [];

function make(draw: Random, wrong: boolean): NativeClassifier {
  const options = optionsOf(draw);
  const given = wrong ? spoilt(draw, options) : options;
  // Valid, and of gigabytes or minutes. Read without running a getter.
  const read = (object: unknown, name: string) =>
    Object.getOwnPropertyDescriptor(Object(object), name)?.value;
  const isLarge = (value: unknown, most: number) => typeof value === 'number' && value > most;
  const layers = read(read(given, 'architecture'), 'layers');
  const isDeep = Array.isArray(layers) && layers.some((blocks) => isLarge(blocks, 4));
  if (isDeep || isLarge(read(given, 'classes'), 1000) || isLarge(read(given, 'imageSize'), 64)) {
    return make(draw, false);
  }
  return new addon.Classifier(given as ConstructorParameters<typeof addon.Classifier>[0]);
}

function classifierOf(draw: Random): NativeClassifier {
  while (alive.length < 2) alive.push(make(draw, false));
  return alive[draw.integer(alive.length)] as NativeClassifier;
}

/** Makes the arguments now, so that what fails later is the call. */
type Call = (draw: Random) => () => unknown;

const method =
  (name: keyof NativeClassifier, ...makers: ((draw: Random) => unknown)[]): Call =>
  (draw) => {
    const self = rarely(draw, 60) ? any(draw) : classifierOf(draw);
    const args = makers.map((maker) => maker(draw));
    const work = addon.Classifier.prototype[name] as unknown as (...args: unknown[]) => unknown;
    return () => Reflect.apply(work, self, args);
  };

/** Disposes of a classifier while its call waits or runs, and calls it again. */
function dispose(draw: Random): () => unknown {
  const classifier = classifierOf(draw);
  const [first, second] = [batchOf(draw), batchOf(draw)];
  return () => {
    const at = alive.indexOf(classifier);
    if (at >= 0) alive.splice(at, 1);
    const running = classifier.predict(first as never);
    classifier.dispose();
    return Promise.all([running, classifier.predict(second as never)]);
  };
}

const batch = (draw: Random) => spoilt(draw, batchOf(draw));
const state = (draw: Random) => spoilt(draw, stateOf(draw));
const folds = (draw: Random) => {
  const given = spoilt(draw, foldsOf(draw));
  const fitsHead = rarely(draw, 2);
  return () => (fitsHead ? addon.fitHead : addon.outOfFold)(given as never);
};
const stepOptionsOf = (draw: Random) => ({
  ...{ learningRate: 1e-3, labelSmoothing: 0.1, frozenStatistics: rarely(draw, 2) },
  factors: Float32Array.from({ length: 6 }, () => draw.integer(3)),
});
const raster = (draw: Random) => {
  const { pixels, width, height } = rasterOf(draw);
  const args = [pixels, width, height].map((each) => (rarely(draw, 12) ? any(draw) : each));
  return () => Reflect.apply(fingerprint, null, args);
};
/** Slow ones, and those that take no arguments. */
const seldom: [Call, ...Call[]] = [
  dispose,
  method('state'),
  method('optimizerState'),
  () => addon.threads,
  () => addon.processorFeatures,
  () => addon.isFasterInBfloat16,
];
const calls: [Call, ...Call[]] = [
  method('trainStep', batch, (draw) => spoilt(draw, stepOptionsOf(draw))),
  method('evaluate', batch),
  method('predict', batch),
  method('features', batch),
  method('explain', batch),
  method('setState', state),
  method('setState', state),
  method('setOptimizerState', state),
  folds,
  folds,
  raster,
  (draw) => {
    const count = any(draw);
    return () => addon.setThreads(count as never);
  },
  (draw) => () => make(draw, true).dispose(),
];

const counts = { valid: 0, refused: 0 };
const codes = new Map<string, number>();

/** LIBTORCH and OUT_OF_MEMORY would mean that a check let something through: all that is valid here is small. */
const expected = ['INVALID_ARGUMENT', 'DISPOSED', 'INTERRUPTED', 'NON_FINITE_LOSS'];

/** What the arguments' own code throws, and Node for an object of another class. */
const foreign = /^from a |Illegal invocation|Invalid argument|Cannot convert|Class constructor/;

function judge(number: number, error: unknown): void {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  if (!(error instanceof Error)) throw new Error(`Case ${number} threw ${String(error)}`);
  if (typeof code === 'string' && expected.includes(code))
    codes.set(code, (codes.get(code) ?? 0) + 1);
  else if (!foreign.test(String(message))) {
    throw new Error(`Case ${number} of seed ${seed} failed with ${String(code)}: ${error.stack}`);
  }
  counts.refused += 1;
}

async function run(number: number): Promise<void> {
  const draw = random(seed, 'native fuzz', number);
  const several = rarely(draw, 10) ? 4 : 1;
  const waiting = Array.from({ length: several }, async () => {
    const call = draw.pick(rarely(draw, 50) ? seldom : calls)(draw);
    try {
      await call();
      counts.valid += 1;
    } catch (error) {
      judge(number, error);
    }
  });
  await Promise.all(waiting);
}

const began = performance.now();
let number = 0;
try {
  for (; number < cases; number += 1) await run(number);
  const pixels = new Uint8Array(edge * edge * 3);
  const [classifier] = alive.length > 0 ? alive : [make(random(seed), false)];
  const logits = await classifier?.predict({ pixels, count: 1, height: edge, width: edge });
  if (logits?.length !== classes) throw new Error('The addon does not predict any more');
  const seconds = (performance.now() - began) / 1000;
  const told = [...codes].map(([code, count]) => `${code} ${count}`).join(', ');
  console.log(`seed ${seed}: ${counts.valid} calls done, ${counts.refused} refused (${told})`);
  console.log(`${Math.round(cases / seconds)} cases/s`);
  console.log(`${cases} passed, 0 failed`);
} catch (error) {
  console.log(String((error as Error).stack));
  console.log(`${number} passed, 1 failed`);
  process.exitCode = 1;
}
