import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { Classifier, type ClassifierOptions, setThreads } from '../lib/model/classifier.js';
import {
  loadAddon,
  type NativeBatch,
  type NativeOptimizer,
  type NativeState,
  type NativeStepOptions,
  type NativeTensor,
} from '../lib/native.js';
import { failsWith } from './support/errors.js';
import { root, suite } from './support/suite.js';

/** What PyTorch computes for the weights and pixels below: test/fixtures/native/make.py. */
interface Fixture {
  classes: number;
  size: number;
  labels: number[];
  /** In torchvision's order. */
  state: [name: string, shape: number[]][];
  evaluation: { loss: number; logits: number[] };
  photos: { width: number; height: number; crops: number[][]; flips: number[]; logits: number[] };
  gradients: Record<string, Summary>;
  statistics: Record<string, Summary>;
  runs: Run[];
}

interface Run {
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
interface Summary {
  norm: number;
  sum: number;
  probe: number;
  first: number[];
}

const fixture = JSON.parse(
  readFileSync(path.join(root, 'test/fixtures/native/resnet18.json'), 'utf8'),
) as Fixture;

const names = ['cat', 'dog', 'fox'];

/*
 * Relative differences allowed. PyTorch's figures are of float64 and the addon computes in float32; on
 * LibTorch 1.13 and 2.13 the largest measured were a third of these.
 */
const tolerance = {
  logits: 1e-4,
  losses: 1e-3,
  gradients: 5e-4,
  statistics: 1e-5,
  /** A step moves a weight by so little that float32 rounds the difference itself. */
  changes: 2e-2,
  /** Of Adam's second average from the square of its first. */
  squares: 5e-5,
};

const test = suite('native');

// The formula of make.py

const seeds = { pixels: 1000, photos: 1001, probe: 2000 };

function hash(index: number, seed: number): number {
  let value = (Math.imul(index, 2654435761) + Math.imul(seed, 40503)) >>> 0;
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return (value ^ (value >>> 16)) >>> 0;
}

/** In -0.5…0.5. */
function noise(index: number, seed: number): number {
  return hash(index, seed) / 2 ** 32 - 0.5;
}

function noisyPixels(count: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => hash(index, seed) >>> 24);
}

function weightsOf(name: string, shape: number[], seed: number): NativeTensor {
  const count = shape.reduce((product, edge) => product * edge, 1);
  if (name.endsWith('num_batches_tracked')) return int64(0n);
  const [, channels = 1, height = 1, width = 1] = shape;
  let [middle, spread] = [0, 0.5];
  if (name.endsWith('running_var')) [middle, spread] = [1, 1];
  else if (shape.length === 4) spread = Math.sqrt(24 / (channels * height * width));
  else if (name === 'fc.weight') spread = 0.25;
  else if (name.endsWith('weight')) middle = 1;
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 1) values[i] = middle + noise(i, seed) * spread;
  return float32(values, shape);
}

const formulaState: NativeState = Object.fromEntries(
  fixture.state.map(([name, shape], index) => [name, weightsOf(name, shape, index)]),
);

// Tensors

function float32(values: Float32Array, shape = [values.length]): NativeTensor {
  return { dtype: 'float32', shape, data: new Uint8Array(values.buffer) };
}

function int64(value: bigint): NativeTensor {
  return { dtype: 'int64', shape: [], data: new Uint8Array(BigInt64Array.of(value).buffer) };
}

function tensorOf(state: NativeState, name: string): NativeTensor {
  const tensor = state[name];
  if (!tensor) throw new Error(`No tensor ${name}`);
  return tensor;
}

function floatsOf(state: NativeState, name: string): Float32Array {
  const { dtype, data } = tensorOf(state, name);
  assert.is(dtype, 'float32', name);
  return new Float32Array(data.slice().buffer);
}

function integerOf(state: NativeState, name: string): bigint | undefined {
  const { dtype, data } = tensorOf(state, name);
  assert.is(dtype, 'int64', name);
  return new BigInt64Array(data.slice().buffer)[0];
}

/** Asserts the same names in the same order, with the same bytes. */
function sameState(actual: NativeState, expected: NativeState): void {
  assert.equal(Object.keys(actual), Object.keys(expected));
  for (const name of Object.keys(expected)) {
    const { dtype, shape, data } = tensorOf(actual, name);
    const wanted = tensorOf(expected, name);
    assert.equal([dtype, ...shape], [wanted.dtype, ...wanted.shape], name);
    assert.ok(Buffer.compare(data, wanted.data) === 0, `other bytes in ${name}`);
  }
}

function differs(actual: NativeState, expected: NativeState, name: string): boolean {
  return Buffer.compare(tensorOf(actual, name).data, tensorOf(expected, name).data) !== 0;
}

function summaryOf(values: Float32Array | Float64Array): Summary {
  let [squares, sum, probe] = [0, 0, 0];
  values.forEach((value, index) => {
    squares += value * value;
    sum += value;
    probe += value * noise(index, seeds.probe);
  });
  return { norm: Math.sqrt(squares), sum, probe, first: [...values.subarray(0, 4)] };
}

/** Asserts that two tensors agree, by figures relative to the size of the expected values. */
function agrees(
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

function within(
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

function logitsAgree(
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

async function withClassifier<T>(
  options: Partial<ClassifierOptions>,
  work: (classifier: Classifier) => Promise<T>,
): Promise<T> {
  const classifier = new Classifier({ classes: names, imageSize: fixture.size, ...options });
  try {
    return await work(classifier);
  } finally {
    classifier.dispose();
  }
}

/** A classifier with the formula's weights. */
async function withFormula<T>(
  optimizer: NativeOptimizer,
  work: (classifier: Classifier) => Promise<T>,
): Promise<T> {
  return withClassifier({ optimizer }, async (classifier) => {
    await classifier.setState(formulaState);
    return work(classifier);
  });
}

const labels = Int32Array.from(fixture.labels);

const batch = {
  pixels: noisyPixels(labels.length * fixture.size * fixture.size * 3, seeds.pixels),
  count: labels.length,
  height: fixture.size,
  width: fixture.size,
  labels,
} satisfies NativeBatch;

const unlabelled: NativeBatch = withoutLabels(batch);

function withoutLabels({ labels: _, ...rest }: NativeBatch): NativeBatch {
  return rest;
}

const stepOptions: NativeStepOptions = { learningRate: 1e-4 };
const adam: NativeOptimizer = { algorithm: 'adam' };
const momentum: NativeOptimizer = { algorithm: 'sgd', momentum: 0.9 };

function runNamed(name: string): Run {
  const run = fixture.runs.find((each) => each.name === name);
  if (!run) throw new Error(`No run ${name}`);
  return run;
}

test('setThreads takes what it is given, and else one per processor', async () => {
  const { threads } = loadAddon();
  setThreads(availableParallelism() + 1);
  assert.is(threads(), availableParallelism() + 1);
  for (const count of [0, -1, 1.5, 1025, Number.NaN, '2' as unknown as number]) {
    await failsWith('INVALID_ARGUMENT', () => setThreads(count));
  }
  assert.is(threads(), availableParallelism() + 1);
  setThreads(undefined);
  assert.is(threads(), availableParallelism());
  // Counts from the first classifier on, which the tests below make. More threads than idle
  // processors wait for each other: with one, they take as long beside other work as alone.
  setThreads(1);
});

test('LibTorch works with as many threads as were set, and to the same end', () => {
  const workWith = (threads: number) => {
    const { stdout, ...rest } = runChild(`
      import { existsSync, readdirSync } from 'node:fs';
      setThreads(${threads});
      const classifier = make();
      const pixels = Uint8Array.from({ length: 8 * 64 * 64 * 3 }, (_, i) => (i * i) % 251);
      const given = { ...batch(8), pixels, crops: Int32Array.from({ length: 32 }, (_, i) => 9 + i % 5) };
      const { loss } = await classifier.trainStep(given, { learningRate: 1e-3 });
      const logits = await classifier.predict(given);
      const tasks = '/proc/self/task';
      const running = existsSync(tasks) ? readdirSync(tasks).length : undefined;
      console.log(JSON.stringify({ loss, logits: [...logits], running }));
    `);
    assert.equal(rest, { status: 0, signal: null, stderr: '' });
    return JSON.parse(stdout) as { loss: number; logits: number[]; running?: number };
  };
  const [one, four] = [workWith(1), workWith(4)];
  within('loss', four.loss, one.loss, one.loss, tolerance.logits);
  // After a step of Adam, which turns on the signs of gradients that are rounding errors.
  logitsAgree(Float32Array.from(four.logits), one.logits, 1e-2);
  // The thread that calls LibTorch is one of them, and LibTorch may keep more than one pool. Only
  // Linux tells.
  if (one.running && four.running) assert.ok(four.running - one.running >= 3);
});

// What it computes

test('inference gives the logits and the loss of torchvision', async () => {
  await withFormula(adam, async (classifier) => {
    const { loss, logits } = await classifier.evaluate(batch);
    const expected = fixture.evaluation;
    logitsAgree(logits, expected.logits);
    within('loss', loss, expected.loss, expected.loss, tolerance.logits);
    assert.equal(await classifier.predict(unlabelled), logits);
    assert.equal(await classifier.predict(batch), logits);
    sameState(await classifier.state(), formulaState);
    assert.equal(await classifier.optimizerState(), {});
  });
});

test('crops are resized as PIL and torchvision do, and mirrored', async () => {
  const { width, height, crops, flips, logits } = fixture.photos;
  const photos: NativeBatch = {
    pixels: noisyPixels(crops.length * height * width * 3, seeds.photos),
    count: crops.length,
    height,
    width,
    crops: Int32Array.from(crops.flat()),
    flips: Uint8Array.from(flips),
  };
  await withFormula(adam, async (classifier) => {
    logitsAgree(await classifier.predict(photos), logits);
  });
});

test('mean and std are those that were given', async () => {
  // ImageNet's in reverse, and so the same as ImageNet's for the photo with red and blue swapped
  // in a network with red and blue swapped.
  const mean: [number, number, number] = [0.406, 0.456, 0.485];
  const std: [number, number, number] = [0.225, 0.224, 0.229];
  const swap = <T extends Uint8Array | Float32Array>(from: T, plane: number, step: number): T => {
    const swapped = from.slice() as T;
    for (let i = 0; i < from.length; i += plane * 3) {
      for (let j = 0; j < plane * 3; j += 1) {
        const channel = Math.floor(j / step) % 3;
        swapped[i + j] = from[i + j + (2 - 2 * channel) * step] as number;
      }
    }
    return swapped;
  };
  await withClassifier({ mean, std }, async (classifier) => {
    const conv1 = swap(floatsOf(formulaState, 'conv1.weight'), 49, 49);
    const { shape } = tensorOf(formulaState, 'conv1.weight');
    await classifier.setState({ ...formulaState, 'conv1.weight': float32(conv1, shape) });
    const pixels = swap(batch.pixels, 1, 1);
    logitsAgree(await classifier.predict({ ...unlabelled, pixels }), fixture.evaluation.logits);
  });
});

for (const run of fixture.runs) {
  test(`${run.name}: losses and weights follow torch.optim`, async () => {
    const { learningRate, labelSmoothing } = run;
    const options =
      labelSmoothing === undefined ? { learningRate } : { learningRate, labelSmoothing };
    await withFormula(run.optimizer, async (classifier) => {
      for (const [index, expected] of run.losses.entries()) {
        const { loss, correct } = await classifier.trainStep(batch, options);
        within(`loss ${index}`, loss, expected, 1, tolerance.losses);
        assert.is(correct, run.correct[index], `right answers in step ${index}`);
      }
      const state = await classifier.state();
      for (const [name, expected] of Object.entries(run.changes)) {
        const before = floatsOf(formulaState, name);
        const change = Float64Array.from(
          floatsOf(state, name),
          (value, i) => value - (before[i] ?? 0),
        );
        agrees(`change of ${name}`, change, expected, tolerance.changes);
      }
    });
  });
}

test('a step of SGD leaves the gradient of every parameter in its momentum', async () => {
  await withFormula(momentum, async (classifier) => {
    await classifier.trainStep(batch, stepOptions);
    const state = await classifier.optimizerState();
    const parameters = Object.keys(fixture.gradients);
    assert.equal(Object.keys(state), [
      'step',
      ...parameters.map((name) => `momentum_buffer.${name}`),
    ]);
    assert.is(integerOf(state, 'step'), 1n);
    for (const [name, expected] of Object.entries(fixture.gradients)) {
      const gradient = floatsOf(state, `momentum_buffer.${name}`);
      agrees(`gradient of ${name}`, gradient, expected, tolerance.gradients);
    }
  });
});

test('a step of Adam leaves a tenth of the gradient, and a thousandth of its square', async () => {
  await withFormula(adam, async (classifier) => {
    await classifier.trainStep(batch, stepOptions);
    const state = await classifier.optimizerState();
    const parameters = Object.keys(fixture.gradients);
    assert.equal(Object.keys(state), [
      'step',
      ...parameters.map((name) => `exp_avg.${name}`),
      ...parameters.map((name) => `exp_avg_sq.${name}`),
    ]);
    assert.is(integerOf(state, 'step'), 1n);
    for (const [name, expected] of Object.entries(fixture.gradients)) {
      const average = floatsOf(state, `exp_avg.${name}`);
      const gradient = Float64Array.from(average, (value) => value / 0.1);
      agrees(`gradient of ${name}`, gradient, expected, tolerance.gradients);
      const squares = floatsOf(state, `exp_avg_sq.${name}`);
      // Squares of the smallest gradients are below what float32 holds.
      const wrong = squares.findIndex((square, i) => {
        const expected = (gradient[i] ?? 0) ** 2 * 0.001;
        const least = 1e-30;
        return !(Math.abs(square - expected) <= tolerance.squares * expected + least);
      });
      assert.is(wrong, -1, `square of ${name}[${wrong}]: ${squares[wrong]} for ${gradient[wrong]}`);
    }
  });
});

test('a step moves the statistics of the batch norms', async () => {
  await withFormula(adam, async (classifier) => {
    await classifier.trainStep(batch, stepOptions);
    const state = await classifier.state();
    for (const [name, expected] of Object.entries(fixture.statistics)) {
      agrees(name, floatsOf(state, name), expected, tolerance.statistics);
    }
    const counts = Object.keys(state).filter((name) => name.endsWith('num_batches_tracked'));
    assert.is(counts.length, 20);
    for (const name of counts) assert.is(integerOf(state, name), 1n, name);
  });
});

test('a step on one photo leaves no statistic that is not finite', async () => {
  // One value per channel has no variance: PyTorch refuses such a step.
  await withClassifier({ imageSize: 32 }, async (classifier) => {
    const one: NativeBatch = {
      pixels: noisyPixels(32 * 32 * 3, seeds.pixels),
      count: 1,
      height: 32,
      width: 32,
      labels: Int32Array.of(0),
    };
    await classifier.trainStep(one, stepOptions).catch(() => undefined);
    const state = await classifier.state();
    for (const [name, { dtype }] of Object.entries(state)) {
      if (dtype === 'float32') assert.ok(floatsOf(state, name).every(Number.isFinite), name);
    }
  });
});

// The state

test('names and shapes are those of torchvision, in its order', async () => {
  await withClassifier({}, async (classifier) => {
    const state = await classifier.state();
    const found = Object.entries(state).map(([name, { shape }]) => [name, shape]);
    assert.equal(found, fixture.state);
    for (const [name, { dtype, shape, data }] of Object.entries(state)) {
      assert.is(dtype, name.endsWith('num_batches_tracked') ? 'int64' : 'float32', name);
      const size = dtype === 'int64' ? 8 : 4;
      assert.is(data.length, size * shape.reduce((product, edge) => product * edge, 1), name);
    }
  });
});

test('initial weights are those of torchvision', async () => {
  await withClassifier({ seed: 7 }, async (classifier) => {
    const state = await classifier.state();
    // Kaiming's normal distribution by fan-out.
    const outputs: [string, number][] = [
      ['conv1.weight', 64 * 49],
      ['layer1.0.conv2.weight', 64 * 9],
      ['layer3.0.downsample.0.weight', 256],
      ['layer4.0.conv1.weight', 512 * 9],
    ];
    for (const [name, fanOut] of outputs) {
      const values = floatsOf(state, name);
      const { norm, sum } = summaryOf(values);
      const std = Math.sqrt(2 / fanOut);
      within(`std of ${name}`, norm / Math.sqrt(values.length), std, std, 0.03);
      within(`mean of ${name}`, sum / values.length, 0, std, 5 / Math.sqrt(values.length));
      // 4.55 % of a normal distribution lie beyond two standard deviations, none of a uniform one.
      const far = values.filter((value) => Math.abs(value) > 2 * std).length / values.length;
      within(`share of ${name} beyond 2 std`, far, 0.0455, 0.0455, 0.25);
    }

    const bound = 1 / Math.sqrt(512);
    for (const name of ['fc.weight', 'fc.bias']) {
      const values = floatsOf(state, name);
      assert.ok(
        values.every((value) => Math.abs(value) <= bound),
        name,
      );
      assert.ok(new Set(values).size > 2, name);
    }
    const { norm, sum } = summaryOf(floatsOf(state, 'fc.weight'));
    within('std of fc.weight', norm / Math.sqrt(3 * 512), bound / Math.sqrt(3), bound, 0.03);
    within('mean of fc.weight', sum / (3 * 512), 0, bound, 0.1);
    assert.ok(floatsOf(state, 'fc.weight').some((value) => value > bound * 0.98));
    assert.ok(floatsOf(state, 'fc.weight').some((value) => value < bound * -0.98));

    for (const [name] of fixture.state) {
      if (!name.includes('bn') && !name.includes('downsample.1')) continue;
      if (name.endsWith('num_batches_tracked')) assert.is(integerOf(state, name), 0n, name);
      else {
        const start = name.endsWith('weight') || name.endsWith('running_var') ? 1 : 0;
        assert.ok(
          floatsOf(state, name).every((value) => value === start),
          name,
        );
      }
    }
  });
});

test('the seed decides the initial weights', async () => {
  const stateOf = (options: Partial<ClassifierOptions>) =>
    withClassifier(options, (classifier) => classifier.state());
  const seven = await stateOf({ seed: 7 });
  sameState(await stateOf({ seed: 7 }), seven);
  const eight = await stateOf({ seed: 8 });
  for (const name of ['conv1.weight', 'layer4.1.conv2.weight', 'fc.weight', 'fc.bias']) {
    assert.ok(differs(eight, seven, name), name);
  }
  sameState(await stateOf({}), await stateOf({ seed: 0 }));
  const large = await stateOf({ seed: Number.MAX_SAFE_INTEGER });
  assert.ok(differs(large, await stateOf({ seed: 0 }), 'fc.weight'));
});

test('the state that was set is the state, also in parts and from unaligned bytes', async () => {
  await withClassifier({}, async (classifier) => {
    const initial = await classifier.state();
    await classifier.setState(formulaState);
    sameState(await classifier.state(), formulaState);

    const parts: NativeState = {};
    for (const name of ['bn1.num_batches_tracked', 'fc.bias', 'layer2.0.conv1.weight']) {
      const tensor = tensorOf(initial, name);
      const bytes = new Uint8Array(tensor.data.length + 1);
      bytes.set(tensor.data, 1);
      parts[name] = { ...tensor, data: bytes.subarray(1) };
    }
    await classifier.setState(parts);
    sameState(await classifier.state(), { ...formulaState, ...parts });
    await classifier.setState({});
    sameState(await classifier.state(), { ...formulaState, ...parts });
  });
});

test('a state that was handed out stays as it was', async () => {
  await withFormula(momentum, async (classifier) => {
    const state = await classifier.state();
    await classifier.trainStep(batch, stepOptions);
    const optimizer = await classifier.optimizerState();
    const copy = structuredClone(optimizer);
    await classifier.trainStep(batch, stepOptions);
    sameState(state, formulaState);
    sameState(optimizer, copy);
    assert.ok(differs(await classifier.state(), state, 'fc.bias'));
    assert.ok(differs(await classifier.optimizerState(), optimizer, 'momentum_buffer.fc.bias'));
  });
});

for (const optimizer of [adam, { algorithm: 'adamw', weightDecay: 0.05 }, momentum] as const) {
  test(`${optimizer.algorithm} resumes bit for bit`, async () => {
    const options = { learningRate: 1e-4, labelSmoothing: 0.1 };
    const twoSteps = async (classifier: Classifier) => [
      await classifier.trainStep(batch, options),
      await classifier.trainStep(batch, options),
      await classifier.state(),
      await classifier.optimizerState(),
    ];
    await withFormula(optimizer, async (classifier) => {
      await twoSteps(classifier);
      const middle = [await classifier.state(), await classifier.optimizerState()] as const;
      const expected = await twoSteps(classifier);
      await withClassifier({ optimizer, seed: 9 }, async (resumed) => {
        await resumed.setState(middle[0]);
        await resumed.setOptimizerState(middle[1]);
        sameState(await resumed.optimizerState(), middle[1]);
        assert.is(integerOf(middle[1], 'step'), 2n);
        const actual = await twoSteps(resumed);
        assert.equal(actual.slice(0, 2), expected.slice(0, 2));
        sameState(actual[2] as NativeState, expected[2] as NativeState);
        sameState(actual[3] as NativeState, expected[3] as NativeState);
      });
      // The averages matter: without them the same weights go elsewhere.
      await withClassifier({ optimizer, seed: 9 }, async (fresh) => {
        await fresh.setState(middle[0]);
        const actual = await twoSteps(fresh);
        assert.ok(differs(actual[2] as NativeState, expected[2] as NativeState, 'conv1.weight'));
      });
    });
  });
}

test('an empty state starts the optimizer afresh', async () => {
  await withFormula(adam, async (classifier) => {
    await classifier.trainStep(batch, stepOptions);
    const expected = await classifier.state();
    await classifier.setState(formulaState);
    await classifier.setOptimizerState({});
    assert.equal(await classifier.optimizerState(), {});
    await classifier.trainStep(batch, stepOptions);
    sameState(await classifier.state(), expected);
  });
});

// What it refuses

const bias = float32(Float32Array.of(1, 2, 3));

const badStates: [what: string, state: unknown][] = [
  ['an unknown name', { 'fc.bia': bias }],
  ['another shape', { 'fc.weight': { ...tensorOf(formulaState, 'fc.weight'), shape: [512, 3] } }],
  ['another rank', { 'fc.bias': { ...bias, shape: [3, 1] } }],
  ['another number of values', { 'fc.bias': float32(Float32Array.of(1, 2)) }],
  ['int64 for float32', { 'fc.bias': { dtype: 'int64', shape: [3], data: new Uint8Array(24) } }],
  [
    'float32 for int64',
    { 'bn1.num_batches_tracked': { dtype: 'float32', shape: [], data: new Uint8Array(4) } },
  ],
  ['an unknown dtype', { 'fc.bias': { ...bias, dtype: 'float64' } }],
  ['too few bytes', { 'fc.bias': { ...bias, data: bias.data.subarray(1) } }],
  ['too many bytes', { 'fc.bias': { ...bias, data: new Uint8Array(16) } }],
  ['no bytes', { 'fc.bias': { dtype: 'float32', shape: [3] } }],
  ['a Float32Array', { 'fc.bias': { ...bias, data: Float32Array.of(1, 2, 3) } }],
  ['an array of bytes', { 'fc.bias': { ...bias, data: [...bias.data] } }],
  ['no shape', { 'fc.bias': { dtype: 'float32', data: bias.data } }],
  ['a negative edge', { 'fc.bias': { ...bias, shape: [-3] } }],
  ['a tensor that is null', { 'fc.bias': null }],
  ['a typed array', new Uint8Array(4)],
  ['null', null],
  ['undefined', undefined],
];

test('a state with one wrong tensor changes nothing', async () => {
  await withFormula(adam, async (classifier) => {
    // Weights that would be taken, before and after the wrong one.
    const good = { 'conv1.weight': { ...tensorOf(formulaState, 'conv1.weight') } };
    good['conv1.weight'].data = new Uint8Array(good['conv1.weight'].data.length);
    const last = { 'layer4.1.bn2.bias': float32(new Float32Array(512)) };
    for (const [what, wrong] of badStates) {
      const isState = typeof wrong === 'object' && wrong !== null && !ArrayBuffer.isView(wrong);
      const state = isState ? { ...good, ...wrong, ...last } : wrong;
      await refused(what, () => classifier.setState(state as NativeState));
    }
    sameState(await classifier.state(), formulaState);
    // And without the wrong one they are.
    await classifier.setState({ ...good, ...last });
    sameState(await classifier.state(), { ...formulaState, ...good, ...last });
  });
});

test("an optimizer's state that does not fit changes nothing", async () => {
  const other = await withFormula(momentum, async (classifier) => {
    await classifier.trainStep(batch, stepOptions);
    return classifier.optimizerState();
  });
  await withFormula(adam, async (classifier) => {
    await classifier.trainStep(batch, stepOptions);
    const state = await classifier.optimizerState();
    const { step, ...stepless } = state;
    const { 'exp_avg_sq.fc.bias': _, ...incomplete } = state;
    const shape = { ...state, 'exp_avg.fc.bias': { ...bias, shape: [1, 3] } };
    const refusedStates: [string, unknown][] = [
      ["another optimizer's", other],
      ['no step', stepless],
      ['a part only', { step }],
      ['one tensor too few', incomplete],
      ['one tensor too many', { ...state, 'exp_avg.fc.bia': bias }],
      ['another shape', shape],
      ["the network's", formulaState],
      ['undefined', undefined],
    ];
    for (const [what, wrong] of refusedStates) {
      await refused(what, () => classifier.setOptimizerState(wrong as NativeState));
    }
    sameState(await classifier.optimizerState(), state);
  });
});

const { size } = fixture;

const badBatches: [what: string, batch: object | null | undefined][] = [
  ['one pixel value too few', { ...batch, pixels: batch.pixels.subarray(1) }],
  ['one pixel value too many', { ...batch, pixels: new Uint8Array(batch.pixels.length + 1) }],
  ['one photo too few', { ...batch, count: batch.count + 1 }],
  ['no pixels', { ...batch, pixels: undefined }],
  ['pixels in an array', { ...batch, pixels: [...batch.pixels] }],
  ['pixels in a clamped array', { ...batch, pixels: new Uint8ClampedArray(batch.pixels) }],
  ['pixels in a Float32Array', { ...batch, pixels: new Float32Array(batch.pixels) }],
  ['pixels in a buffer', { ...batch, pixels: batch.pixels.buffer }],
  ['pixels in a view', { ...batch, pixels: new DataView(batch.pixels.buffer) }],
  ['no photos', { ...batch, count: 0, pixels: new Uint8Array(0), labels: new Int32Array(0) }],
  ['a negative count', { ...batch, count: -4 }],
  ['a fraction of a photo', { ...batch, count: 3.5 }],
  ['a count in words', { ...batch, count: '4' }],
  ['no height', { ...batch, height: undefined }],
  ['no width', { ...batch, width: 0, pixels: new Uint8Array(0) }],
  ['a label below 0', { ...batch, labels: Int32Array.of(0, 1, 2, -1) }],
  ["a label of PyTorch's for ignored ones", { ...batch, labels: Int32Array.of(0, 1, 2, -100) }],
  ['a label above the classes', { ...batch, labels: Int32Array.of(0, 3, 2, 1) }],
  ['too few labels', { ...batch, labels: labels.subarray(1) }],
  ['too many labels', { ...batch, labels: new Int32Array(5) }],
  ['labels in an array', { ...batch, labels: [...labels] }],
  ['labels in a Uint32Array', { ...batch, labels: new Uint32Array(labels) }],
  ['a crop that starts left of the photo', { ...batch, crops: crops([-1, 0, 10, 10]) }],
  ['a crop that starts above the photo', { ...batch, crops: crops([0, -1, 10, 10]) }],
  ['a crop too wide', { ...batch, crops: crops([1, 0, size, 10]) }],
  ['a crop too high', { ...batch, crops: crops([0, 1, 10, size]) }],
  ['a crop without width', { ...batch, crops: crops([5, 5, 0, 10]) }],
  ['a crop without height', { ...batch, crops: crops([5, 5, 10, 0]) }],
  ['a crop past the integers', { ...batch, crops: crops([2 ** 31 - 1, 0, 2 ** 31 - 1, 10]) }],
  ['too few crops', { ...batch, crops: new Int32Array(12) }],
  ['crops in an array', { ...batch, crops: [...crops([0, 0, 10, 10])] }],
  ['too few flips', { ...batch, flips: new Uint8Array(3) }],
  ['flips in an array', { ...batch, flips: [true, false, true, false] }],
  ['a typed array', batch.pixels],
  ['null', null],
  ['undefined', undefined],
];

/** Whole photos but for the last. */
function crops(last: [number, number, number, number]): Int32Array {
  const whole = [0, 0, fixture.size, fixture.size];
  return Int32Array.from([...whole, ...whole, ...whole, ...last]);
}

async function refused(what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await failsWith('INVALID_ARGUMENT', work);
  } catch (error) {
    throw new Error(`For ${what}: ${error}`, { cause: error });
  }
}

test('a batch with anything wrong is refused by every method and changes nothing', async () => {
  await withFormula(adam, async (classifier) => {
    for (const [what, wrong] of badBatches) {
      const given = wrong as NativeBatch;
      await refused(what, () => classifier.trainStep(given, stepOptions));
      await refused(what, () => classifier.evaluate(given));
      await refused(what, () => classifier.predict(given));
    }
    await refused('no labels', () => classifier.trainStep(unlabelled, stepOptions));
    await refused('no labels', () => classifier.evaluate(unlabelled));
    sameState(await classifier.state(), formulaState);
    assert.equal(await classifier.optimizerState(), {});
    // The borders themselves are inside.
    const cut = { ...batch, crops: crops([size - 1, size - 1, 1, 1]) };
    assert.is((await classifier.predict(cut)).length, 12);
  });
});

test('options of a step are checked', async () => {
  await withFormula(adam, async (classifier) => {
    const wrong: [string, unknown][] = [
      ['no options', undefined],
      ['no learning rate', {}],
      ['a negative learning rate', { learningRate: -1e-9 }],
      ['a learning rate of NaN', { learningRate: Number.NaN }],
      ['an infinite learning rate', { learningRate: Number.POSITIVE_INFINITY }],
      ['a learning rate in words', { learningRate: '0.1' }],
      ['negative smoothing', { learningRate: 1, labelSmoothing: -0.1 }],
      ['smoothing above 1', { learningRate: 1, labelSmoothing: 1.1 }],
      ['smoothing of NaN', { learningRate: 1, labelSmoothing: Number.NaN }],
    ];
    for (const [what, options] of wrong) {
      await refused(what, () => classifier.trainStep(batch, options as NativeStepOptions));
    }
    sameState(await classifier.state(), formulaState);
  });
});

test('options of a classifier are checked', async () => {
  const wrong: [string, object][] = [
    ['no class', { classes: [] }],
    ['a photo too small', { imageSize: 31 }],
    ['a photo too large', { imageSize: 16385 }],
    ['half a pixel', { imageSize: 64.5 }],
    ['a negative seed', { seed: -1 }],
    ['half a seed', { seed: 0.5 }],
    ['a seed past the integers', { seed: 2 ** 53 }],
    ['a mean of two channels', { mean: [0.5, 0.5] }],
    ['a mean of NaN', { mean: [0.5, 0.5, Number.NaN] }],
    ['a std of 0', { std: [0.5, 0, 0.5] }],
    ['an unknown algorithm', { optimizer: { algorithm: 'lion' } }],
    ['no algorithm', { optimizer: {} }],
    ['a momentum of 1', { optimizer: { algorithm: 'sgd', momentum: 1 } }],
    ['a negative momentum', { optimizer: { algorithm: 'sgd', momentum: -0.1 } }],
    ['a beta of 1', { optimizer: { algorithm: 'adam', beta1: 1 } }],
    ['a negative beta', { optimizer: { algorithm: 'adam', beta2: -0.1 } }],
    ['an epsilon of 0', { optimizer: { algorithm: 'adam', epsilon: 0 } }],
    ['a negative decay', { optimizer: { algorithm: 'adamw', weightDecay: -1 } }],
  ];
  for (const [what, options] of wrong) {
    await refused(what, async () => {
      const made = { classes: names, imageSize: fixture.size, ...options };
      new Classifier(made as ClassifierOptions).dispose();
    });
  }
});

test('a loss that is not finite changes nothing, statistics and optimizer included', async () => {
  await withFormula(adam, async (classifier) => {
    await classifier.trainStep(batch, stepOptions);
    const [state, optimizer] = [await classifier.state(), await classifier.optimizerState()];
    const spoilt: [name: string, value: number][] = [
      ['fc.bias', Number.NaN],
      ['fc.bias', Number.POSITIVE_INFINITY],
      ['fc.bias', Number.NEGATIVE_INFINITY],
      ['conv1.weight', Number.NaN],
    ];
    for (const [name, value] of spoilt) {
      const { shape } = tensorOf(state, name);
      const values = floatsOf(state, name);
      values[0] = value;
      const bad = { ...state, [name]: float32(values, shape) };
      await classifier.setState(bad);
      await failsWith('NON_FINITE_LOSS', () => classifier.trainStep(batch, stepOptions));
      sameState(await classifier.state(), bad);
      sameState(await classifier.optimizerState(), optimizer);
    }

    // It goes on as if nothing had been.
    await classifier.setState(state);
    const step = await classifier.trainStep(batch, stepOptions);
    const after = await classifier.state();
    await withFormula(adam, async (calm) => {
      await calm.trainStep(batch, stepOptions);
      assert.equal(await calm.trainStep(batch, stepOptions), step);
      sameState(await calm.state(), after);
    });
  });
});

// Its end

test('after dispose() every call rejects, and what was under way still settles', async () => {
  const classifier = new Classifier({ classes: names, imageSize: fixture.size });
  await classifier.setState(formulaState);
  const running = classifier.trainStep(batch, { learningRate: 0 });
  const waiting = classifier.evaluate(batch);
  classifier.dispose();
  classifier.dispose();
  const late = [
    () => classifier.trainStep(batch, stepOptions),
    () => classifier.evaluate(batch),
    () => classifier.predict(batch),
    () => classifier.state(),
    () => classifier.setState(formulaState),
    () => classifier.optimizerState(),
    () => classifier.setOptimizerState({}),
  ];
  for (const call of late) await failsWith('DISPOSED', call);
  within('loss', (await running).loss, runNamed('Adam').losses[0] ?? 0, 1, tolerance.losses);
  assert.ok(Number.isFinite((await waiting).loss));
  classifier.dispose();
  for (const call of late) await failsWith('DISPOSED', call);
});

test('what a call refers to lives until it settles, whatever becomes of its arguments', () => {
  const ended = runChild(
    `
    const classifier = make();
    // Keeps the engine busy meanwhile.
    const busy = classifier.predict(batch(48));
    let settled = 0;
    const given = { ...batch(2), crops: Int32Array.of(0, 0, 9, 9, 0, 0, 9, 9) };
    given.flips = new Uint8Array(2);
    const bias = { dtype: 'float32', shape: [2], data: new Uint8Array(8) };
    const waiting = [classifier.evaluate(given), classifier.setState({ 'fc.bias': bias })]
      .map((call) => call.then(() => { settled += 1; }));
    const references = [];
    for (const object of [given, bias]) {
      for (const [name, value] of Object.entries(object)) {
        if (ArrayBuffer.isView(value)) references.push([name, new WeakRef(value)]);
        delete object[name];
      }
    }
    // A reference that was just made holds its target until the next turn of the event loop.
    await pause(1);
    globalThis.gc();
    const alive = references.filter(([, reference]) => reference.deref()).map(([name]) => name);
    console.log(settled, alive.join());
    await Promise.allSettled([busy, ...waiting]);
  `,
    '--expose-gc',
  );
  const stdout = '0 pixels,labels,crops,flips,data';
  assert.equal(ended, { status: 0, signal: null, stdout, stderr: '' });
});

test('disposing of one classifier leaves another', async () => {
  await withFormula(adam, async (kept) => {
    await withFormula(adam, async (other) => {
      const steps = [other.trainStep(batch, stepOptions), kept.evaluate(batch)] as const;
      other.dispose();
      await steps[0];
      logitsAgree((await steps[1]).logits, fixture.evaluation.logits);
    });
    sameState(await kept.state(), formulaState);
  });
});

/** What the scripts of other processes and threads begin with. */
const head = `
  import { parentPort, Worker } from 'node:worker_threads';
  import { Classifier, setThreads } from '${new URL('../lib/model/classifier.js', import.meta.url)}';
  setThreads(1);
  const options = { learningRate: 1e-3 };
  const make = () => new Classifier({ classes: ['a', 'b'], imageSize: 64 });
  const batch = (count) => ({
    pixels: new Uint8Array(count * 64 * 64 * 3), count, height: 64, width: 64,
    labels: new Int32Array(count),
  });
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
`;

/** Runs `source` as a module in a process of its own. */
function runChild(source: string, ...flags: string[]) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, '--input-type=module', '--eval', head + source],
    { encoding: 'utf8', timeout: 60_000 },
  );
  return { status, signal, stdout: stdout.trim(), stderr };
}

/** An expression for a script that starts `source` as a module in a thread of its own. */
function workerOf(source: string): string {
  const url = `data:text/javascript,${encodeURIComponent(head + source)}`;
  return `new Worker(new URL(${JSON.stringify(url)}))`;
}

/** Starts a step that outlasts the pause after it by far; had it ended before, it would have said so. */
const startLongStep = `
  const classifier = make();
  await classifier.trainStep(batch(2), options);
  classifier.trainStep(batch(48), options).then(() => say('step'));
  classifier.predict(batch(2)).then(() => say('prediction'));
  await pause(50);
`;
const say = 'const say = (what) => console.log(what);';
const post = 'const say = (what) => parentPort.postMessage(what);';

test('process.exit() in mid-step ends the process with its own code', () => {
  const ended = runChild(`
    ${say} ${startLongStep}
    process.on('exit', () => say('exit'));
    process.exit(7);
  `);
  assert.equal(ended, { status: 7, signal: null, stdout: 'exit', stderr: '' });
});

test('an error in mid-step that nobody catches ends the process as Node does', () => {
  const { stderr, ...ended } = runChild(`
    ${say} ${startLongStep}
    throw new Error('on purpose');
  `);
  assert.equal(ended, { status: 1, signal: null, stdout: '' });
  assert.match(stderr, /Error: on purpose/);
});

test('a process lives until its last step settles, and no longer', () => {
  const ended = runChild(`
    make().trainStep(batch(2), options).then(() => console.log('step'));
  `);
  assert.equal(ended, { status: 0, signal: null, stdout: 'step', stderr: '' });
});

test('a worker that is terminated in mid-step takes nothing else down', () => {
  const ended = runChild(`
    ${say}
    const classifier = make();
    const before = await classifier.predict(batch(2));
    const worker = ${workerOf(`${post} ${startLongStep} say('started');`)};
    await new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('message', (what) => resolve(say(what)));
    });
    say(await worker.terminate());
    const after = await classifier.predict(batch(2));
    say(after.length === 4 && after.every((value, index) => value === before[index]));
    await classifier.trainStep(batch(2), options);
    say('trained');
  `);
  const stdout = ['started', '1', 'true', 'trained'].join('\n');
  assert.equal(ended, { status: 0, signal: null, stdout, stderr: '' });
});

test('workers that are terminated while they call take nothing else down', () => {
  const calls = `
    const classifier = make();
    const tensor = { dtype: 'float32', shape: [1], data: new Uint8Array(4) };
    const state = Object.fromEntries(Array.from({ length: 300 }, (_, i) => ['name' + i, tensor]));
    parentPort.postMessage('started');
    for (;;) {
      for (let i = 0; i < 50; i += 1) classifier.setState(state).catch(() => {});
      await classifier.setState({});
    }
  `;
  const ended = runChild(`
    for (let i = 0; i < 12; i += 1) {
      const worker = ${workerOf(calls)};
      worker.on('error', (error) => console.log(error));
      await new Promise((resolve) => worker.on('message', resolve));
      await pause(3 * i);
      await worker.terminate();
    }
    console.log((await make().predict(batch(1))).length);
  `);
  assert.equal(ended, { status: 0, signal: null, stdout: '2', stderr: '' });
});

test('process.exit() while a worker is in mid-step ends the process with its own code', () => {
  const ended = runChild(`
    ${say}
    const worker = ${workerOf(`${post} ${startLongStep} say('started');`)};
    worker.on('message', (what) => {
      say(what);
      process.exit(7);
    });
  `);
  assert.equal(ended, { status: 7, signal: null, stdout: 'started', stderr: '' });
});

test.run();
