import * as assert from 'uvu/assert';
import { type Architecture, defaultArchitecture, shapeOf } from '../../lib/model/architecture.js';
import { Classifier, type ClassifierOptions, setThreads } from '../../lib/model/classifier.js';
import { tensorsOf } from '../../lib/model/graph.js';
import type {
  NativeBatch,
  NativeDevice,
  NativeOptimizer,
  NativeState,
  NativeStepOptions,
  NativeTensor,
} from '../../lib/native.js';
import { fixtureOf } from './sources.js';
import { float32, int64 } from './tensors.js';

/** What PyTorch computes for the weights and pixels below: test/fixtures/native/make.py. */
export interface Fixture {
  classes: number;
  size: number;
  labels: number[];
  /** In torchvision's order. */
  state: [name: string, shape: number[]][];
  evaluation: { loss: number; logits: number[] };
  photos: { width: number; height: number; crops: number[][]; flips: number[]; logits: number[] };
  /** Grad-CAM of layer4 for the labels. */
  explanation: { shape: number[]; maps: number[] };
  gradients: Record<string, Summary>;
  statistics: Record<string, Summary>;
  /** Of a step whose batch norms keep their running statistics. */
  frozenStatistics: { loss: number; gradients: Record<string, Summary> };
  runs: Run[];
}

export interface Run {
  name: string;
  optimizer: NativeOptimizer;
  learningRate: number;
  labelSmoothing?: number;
  steps: number;
  losses: number[];
  correct: number[];
  /** What the run added to a few parameters. */
  changes: Record<string, Summary>;
}

/** A few figures of a tensor. `probe`, its product with noise, changes with the order too. */
export interface Summary {
  norm: number;
  sum: number;
  probe: number;
  first: number[];
}

export const fixture = fixtureOf<Fixture>('native/resnet18.json');

/** The other networks, in what their depth changes. */
export const deeper =
  fixtureOf<
    Record<
      'resnet34' | 'resnet50',
      {
        parameters: number;
        state: Fixture['state'];
        logits: number[];
        loss: number;
        gradientNorms: Record<string, number>;
      }
    >
  >('native/deeper.json');

export const names = ['cat', 'dog', 'fox'];

/*
 * Relative differences allowed. PyTorch's figures are of float64 and the addon computes in float32; on
 * LibTorch 1.13 and 2.13 the largest measured were a third of these.
 */
export const tolerance = {
  logits: 1e-4,
  losses: 1e-3,
  gradients: 5e-4,
  /** Norms of gradients through 50 layers; PyTorch's own in float32 differ by 6e-3. */
  deepGradients: 2e-2,
  statistics: 1e-5,
  /** A step moves a weight by so little that float32 rounds the difference itself. */
  changes: 2e-2,
  /** Of Adam's second average from the square of its first. */
  squares: 5e-5,
};

// The formula of make.py

export const seeds = { pixels: 1000, photos: 1001, probe: 2000 };

export function hash(index: number, seed: number): number {
  let value = (Math.imul(index, 2654435761) + Math.imul(seed, 40503)) >>> 0;
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return (value ^ (value >>> 16)) >>> 0;
}

/** In -0.5…0.5. */
export function noise(index: number, seed: number): number {
  return hash(index, seed) / 2 ** 32 - 0.5;
}

export function noisyPixels(count: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => hash(index, seed) >>> 24);
}

export function weightsOf(name: string, shape: number[], seed: number): NativeTensor {
  const count = shape.reduce((product, edge) => product * edge, 1);
  if (name.endsWith('num_batches_tracked')) return int64([], [0n]);
  const [, channels = 1, height = 1, width = 1] = shape;
  let [middle, spread] = [0, 0.5];
  if (name.endsWith('running_var')) [middle, spread] = [1, 1];
  else if (shape.length === 4) spread = Math.sqrt(24 / (channels * height * width));
  else if (name === 'fc.weight') spread = 0.25;
  else if (name.endsWith('weight')) middle = 1;
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 1) values[i] = middle + noise(i, seed) * spread;
  return float32(shape, values);
}

export const formulaStateOf = (architecture: Architecture): NativeState =>
  Object.fromEntries(
    [...tensorsOf(shapeOf(architecture), names.length)].map(([name, { shape }], index) => [
      name,
      weightsOf(name, shape, index),
    ]),
  );
export const formulaState = formulaStateOf(defaultArchitecture);

// Tensors

export function tensorOf(state: NativeState, name: string): NativeTensor {
  const tensor = state[name];
  if (!tensor) throw new Error(`No tensor ${name}`);
  return tensor;
}

export function floatsOf(state: NativeState, name: string): Float32Array {
  const { dtype, data } = tensorOf(state, name);
  assert.is(dtype, 'float32', name);
  return new Float32Array(data.slice().buffer);
}

export function integersOf(state: NativeState, name: string): bigint[] {
  const { dtype, data } = tensorOf(state, name);
  assert.is(dtype, 'int64', name);
  return [...new BigInt64Array(data.slice().buffer)];
}

export function integerOf(state: NativeState, name: string): bigint | undefined {
  return integersOf(state, name)[0];
}

/** Asserts the same names in the same order, with the same bytes. */
export function sameState(actual: NativeState, expected: NativeState): void {
  assert.equal(Object.keys(actual), Object.keys(expected));
  for (const name of Object.keys(expected)) {
    const { dtype, shape, data } = tensorOf(actual, name);
    const wanted = tensorOf(expected, name);
    assert.equal([dtype, ...shape], [wanted.dtype, ...wanted.shape], name);
    assert.ok(Buffer.compare(data, wanted.data) === 0, `other bytes in ${name}`);
  }
}

/** Whether a tensor of a state trains. */
export const isParameter = (name: string): boolean => /\.(weight|bias)$/.test(name);

export function differs(actual: NativeState, expected: NativeState, name: string): boolean {
  return Buffer.compare(tensorOf(actual, name).data, tensorOf(expected, name).data) !== 0;
}

export function summaryOf(values: Float32Array | Float64Array): Summary {
  let [squares, sum, probe] = [0, 0, 0];
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number;
    squares += value * value;
    sum += value;
    probe += value * noise(index, seeds.probe);
  }
  return { norm: Math.sqrt(squares), sum, probe, first: [...values.subarray(0, 4)] };
}

/** Asserts that two tensors agree, by figures relative to the size of the expected values. */
export function agrees(
  name: string,
  values: Float32Array | Float64Array,
  expected: Summary,
  limit: number,
): void {
  const actual = summaryOf(values);
  assert.is(actual.first.length, expected.first.length, name);
  const typical = expected.norm / Math.sqrt(values.length);
  within(`norm of ${name}`, actual.norm, expected.norm, expected.norm, limit);
  within(`sum of ${name}`, actual.sum, expected.sum, expected.norm, limit);
  within(`probe of ${name}`, actual.probe, expected.probe, expected.norm, limit);
  expected.first.forEach((value, i) => {
    const scale = Math.max(typical, Math.abs(value));
    // What rounds one value differs from value to value and goes down in their sum.
    within(`${name}[${i}]`, actual.first[i], value, scale, 4 * limit);
  });
}

export function within(
  name: string,
  actual: number | undefined,
  expected: number,
  scale: number,
  limit: number,
): void {
  const difference = Math.abs((actual ?? Number.NaN) - expected) / scale;
  const text = `${name} is ${actual}, expected ${expected}: ${difference} apart, allowed ${limit}`;
  // Written so that NaN fails.
  assert.ok(difference <= limit, text);
}

export function logitsAgree(
  actual: Float32Array,
  expected: number[],
  limit: number = tolerance.logits,
): void {
  assert.is(actual.length, expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  expected.forEach((value, i) => {
    within(`logit ${i}`, actual[i], value, largest, limit);
  });
}

// Classifiers and batches

// Other files run beside: of threads that outnumber the idle processors each waits for the others, and computes meanwhile.
setThreads(1);

/** What they compute on. `GILLNET_TEST_DEVICE=cuda:0 npm test -- native` holds a card to what PyTorch computes. */
export const device = (process.env.GILLNET_TEST_DEVICE ?? 'cpu') as NativeDevice;

export async function withClassifier<T>(
  options: Partial<ClassifierOptions>,
  work: (classifier: Classifier) => Promise<T>,
): Promise<T> {
  const classifier = new Classifier({
    ...{ classes: names, imageSize: fixture.size, device },
    ...options,
  });
  try {
    return await work(classifier);
  } finally {
    classifier.dispose();
  }
}

/** A classifier with the formula's weights. */
export async function withFormula<T>(
  optimizer: NativeOptimizer,
  work: (classifier: Classifier) => Promise<T>,
): Promise<T> {
  return withClassifier({ optimizer, seed: null }, async (classifier) => {
    await classifier.setState(formulaState);
    return work(classifier);
  });
}

export const labels = Int32Array.from(fixture.labels);

export const batch = {
  pixels: noisyPixels(labels.length * fixture.size * fixture.size * 3, seeds.pixels),
  count: labels.length,
  height: fixture.size,
  width: fixture.size,
  labels,
} satisfies NativeBatch;

export const unlabelled: NativeBatch = withoutLabels(batch);

export function withoutLabels({ labels: _, ...rest }: NativeBatch): NativeBatch {
  return rest;
}

export const stepOptions: NativeStepOptions = { learningRate: 1e-4 };
export const adam: NativeOptimizer = { algorithm: 'adam' };
export const momentum: NativeOptimizer = { algorithm: 'sgd', momentum: 0.9 };

export function runNamed(name: string): Run {
  const run = fixture.runs.find((each) => each.name === name);
  if (!run) throw new Error(`No run ${name}`);
  return run;
}
