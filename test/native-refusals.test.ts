// Long, because it holds every argument of the addon that can be wrong, in tables.
import './support/small-network.js';
import * as assert from 'uvu/assert';
import { Classifier, type ClassifierOptions } from '../lib/model/classifier.js';
import {
  loadAddon,
  type NativeBatch,
  type NativeState,
  type NativeStepOptions,
} from '../lib/native.js';
import { failsWith } from './support/errors.js';
import {
  adam,
  batch,
  fixture,
  floatsOf,
  formulaState,
  labels,
  momentum,
  names,
  sameState,
  stepOptions,
  tensorOf,
  unlabelled,
  withFormula,
} from './support/native.js';
import { suite } from './support/suite.js';
import { float32, int64 } from './support/tensors.js';

const test = suite('native: what it refuses');

const bias = float32([3], [1, 2, 3]);

const badStates: [what: string, state: unknown][] = [
  ['an unknown name', { 'fc.bia': bias }],
  ['another shape', { 'fc.weight': { ...tensorOf(formulaState, 'fc.weight'), shape: [256, 3] } }],
  ['another rank', { 'fc.bias': { ...bias, shape: [3, 1] } }],
  ['another number of values', { 'fc.bias': float32([2], [1, 2]) }],
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
    const last = { 'layer4.0.bn2.bias': float32([256], new Float32Array(256)) };
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

const steps = (counts: bigint[]) => ({
  ...{ dtype: 'int64', shape: [counts.length] },
  data: new Uint8Array(BigInt64Array.from(counts).buffer),
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
      ['one step for all groups', { ...state, step: int64([], [1n]) }],
      ['a step before the first', { ...state, step: steps([1n, 1n, 1n, 1n, 1n, -1n]) }],
      ['no step done', { ...state, step: steps([0n, 0n, 0n, 0n, 0n, 0n]) }],
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
  ['too few colours', { ...batch, colours: new Float32Array(11) }],
  ['a colour below 0', { ...batch, colours: new Float32Array(12).fill(-0.1) }],
  ['an endless colour', { ...batch, colours: new Float32Array(12).fill(Number.POSITIVE_INFINITY) }],
  ['colours in an array', { ...batch, colours: Array(12).fill(1) }],
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
      await refused(what, () => classifier.features(given));
      await refused(what, () => classifier.explain(given));
    }
    await refused('no labels', () => classifier.trainStep(unlabelled, stepOptions));
    await refused('no labels', () => classifier.evaluate(unlabelled));
    await refused('no labels', () => classifier.explain(unlabelled));
    sameState(await classifier.state(), formulaState);
    assert.equal(await classifier.optimizerState(), {});
    // The borders themselves are inside.
    const cut = { ...batch, crops: crops([size - 1, size - 1, 1, 1]) };
    assert.is((await classifier.predict(cut)).length, 12);
  });
});

test('an argument whose own code throws rejects with what it threw', async () => {
  await withFormula(adam, async (classifier) => {
    const thrown = new Error('from a getter');
    const given = {
      ...batch,
      get labels(): Int32Array {
        throw thrown;
      },
    };
    const call = classifier.evaluate(given);
    assert.is(await call.catch((error) => error), thrown);
  });
});

test('an argument whose own code takes the memory of another away is refused', async () => {
  const detach = (array: Int32Array | Uint8Array) =>
    structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  await withFormula(adam, async (classifier) => {
    const own = { ...batch, labels: labels.slice(), pixels: batch.pixels.slice() };
    const crops = {
      ...own,
      get crops() {
        detach(own.labels);
        return undefined;
      },
    };
    const gone = await failsWith('INVALID_ARGUMENT', () =>
      classifier.evaluate(crops as unknown as NativeBatch),
    );
    assert.match(gone.message, /4 values for labels but received 0/);

    const fresh = { ...own, labels: labels.slice() };
    const options = {
      get learningRate() {
        detach(fresh.pixels);
        return 1e-3;
      },
    };
    await refused('pixels that are gone', () => classifier.trainStep(fresh, options));

    const data = bias.data.slice();
    const tensor = {
      dtype: 'float32',
      shape: [3],
      get data() {
        detach(data);
        return bias.data;
      },
    };
    const state = { 'fc.bias': { ...bias, data }, 'bn1.bias': tensor };
    await refused('data that are gone', () => classifier.setState(state as NativeState));
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
      ['five factors', { learningRate: 1, factors: new Float32Array(5).fill(1) }],
      ['factors in an array', { learningRate: 1, factors: [1, 1, 1, 1, 1, 1] }],
      ['factors in a Float64Array', { learningRate: 1, factors: new Float64Array(6).fill(1) }],
      ['a negative factor', { learningRate: 1, factors: Float32Array.of(1, 1, 1, 1, 1, -1) }],
      ['a factor of NaN', { learningRate: 1, factors: Float32Array.of(Number.NaN, 1, 1, 1, 1, 1) }],
      ['an infinite factor', { learningRate: 1, factors: new Float32Array(6).fill(1 / 0) }],
      ['everything frozen', { learningRate: 1, factors: new Float32Array(6) }],
      ['frozen statistics of 1', { learningRate: 1, frozenStatistics: 1 }],
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
    ['an unknown dtype', { dtype: 'float16' }],
    ['a dtype that is no text', { dtype: 16 }],
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
      const bad = { ...state, [name]: float32(shape, values) };
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

test('channels that the kernels can’t take are refused', () => {
  const { Classifier: Native } = loadAddon();
  const shape = { block: 'basic', layers: [1, 1, 1, 1] } as const;
  for (const channels of [0, -32, 16, 33, 48, 288, 32.5, '64', null]) {
    const architecture = { ...shape, channels } as never;
    assert.throws(
      () => new Native({ architecture, classes: 2, imageSize: 32 } as never),
      ({ code, message }: { code: string; message: string }) =>
        code === 'INVALID_ARGUMENT' && message.includes('a multiple of 32 from 32 to 256'),
      String(channels),
    );
  }
});

test.run();
