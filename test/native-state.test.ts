import * as assert from 'uvu/assert';
import { type Classifier, type ClassifierOptions, setThreads } from '../lib/model/classifier.js';
import type { NativeState } from '../lib/native.js';
import {
  adam,
  batch,
  differs,
  fixture,
  floatsOf,
  formulaState,
  integerOf,
  momentum,
  sameState,
  stepOptions,
  summaryOf,
  tensorOf,
  withClassifier,
  withFormula,
  within,
} from './support/native.js';
import { suite } from './support/suite.js';

const test = suite('native: its state');
// That a training goes on bit by bit is to hold for threads that share the work, too.
setThreads(2);

const initialState = (options: Partial<ClassifierOptions>) =>
  withClassifier(options, (classifier) => classifier.state());
const seven = await initialState({ seed: 7 });

test('names and shapes are those of torchvision, in its order', () => {
  const found = Object.entries(seven).map(([name, { shape }]) => [name, shape]);
  assert.equal(found, fixture.state);
  for (const [name, { dtype, shape, data }] of Object.entries(seven)) {
    assert.is(dtype, name.endsWith('num_batches_tracked') ? 'int64' : 'float32', name);
    const size = dtype === 'int64' ? 8 : 4;
    assert.is(data.length, size * shape.reduce((product, edge) => product * edge, 1), name);
  }
});

test('initial weights are those of torchvision', () => {
  // Kaiming's normal distribution by fan-out.
  const outputs: [string, number][] = [
    ['conv1.weight', 64 * 49],
    ['layer1.0.conv2.weight', 64 * 9],
    ['layer3.0.downsample.0.weight', 256],
    ['layer4.0.conv1.weight', 512 * 9],
  ];
  for (const [name, fanOut] of outputs) {
    const values = floatsOf(seven, name);
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
    const values = floatsOf(seven, name);
    assert.ok(
      values.every((value) => Math.abs(value) <= bound),
      name,
    );
    assert.ok(new Set(values).size > 2, name);
  }
  const { norm, sum } = summaryOf(floatsOf(seven, 'fc.weight'));
  within('std of fc.weight', norm / Math.sqrt(3 * 512), bound / Math.sqrt(3), bound, 0.03);
  within('mean of fc.weight', sum / (3 * 512), 0, bound, 0.1);
  assert.ok(floatsOf(seven, 'fc.weight').some((value) => value > bound * 0.98));
  assert.ok(floatsOf(seven, 'fc.weight').some((value) => value < bound * -0.98));

  for (const [name] of fixture.state) {
    if (!name.includes('bn') && !name.includes('downsample.1')) continue;
    if (name.endsWith('num_batches_tracked')) assert.is(integerOf(seven, name), 0n, name);
    else {
      const start = name.endsWith('weight') || name.endsWith('running_var') ? 1 : 0;
      assert.ok(
        floatsOf(seven, name).every((value) => value === start),
        name,
      );
    }
  }
});

test('the seed decides the initial weights', async () => {
  sameState(await initialState({ seed: 7 }), seven);
  const eight = await initialState({ seed: 8 });
  for (const name of ['conv1.weight', 'layer4.1.conv2.weight', 'fc.weight', 'fc.bias']) {
    assert.ok(differs(eight, seven, name), name);
  }
  const zero = await initialState({ seed: 0 });
  sameState(await initialState({}), zero);
  const large = await initialState({ seed: Number.MAX_SAFE_INTEGER });
  assert.ok(differs(large, zero, 'fc.weight'));
});

test('the state that was set is the state, also in parts and from unaligned bytes', async () => {
  await withClassifier({ seed: null }, async (classifier) => {
    await classifier.setState(formulaState);
    sameState(await classifier.state(), formulaState);

    const parts: NativeState = {};
    for (const name of ['bn1.num_batches_tracked', 'fc.bias', 'layer2.0.conv1.weight']) {
      const tensor = tensorOf(seven, name);
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
  test(`${optimizer.algorithm} resumes bit for bit; an empty state starts it afresh`, async () => {
    const step = async (classifier: Classifier) =>
      [
        await classifier.trainStep(batch, { learningRate: 1e-4, labelSmoothing: 0.1 }),
        await classifier.state(),
        await classifier.optimizerState(),
      ] as const;
    const [first, second] = await withFormula(
      optimizer,
      async (classifier) => [await step(classifier), await step(classifier)] as const,
    );
    const same = (actual: typeof first, expected: typeof first) => {
      assert.equal(actual[0], expected[0]);
      sameState(actual[1], expected[1]);
      sameState(actual[2], expected[2]);
    };
    await withClassifier({ optimizer, seed: null }, async (resumed) => {
      await resumed.setState(first[1]);
      await resumed.setOptimizerState(first[2]);
      sameState(await resumed.optimizerState(), first[2]);
      assert.is(integerOf(first[2], 'step'), 1n);
      same(await step(resumed), second);

      await resumed.setState(formulaState);
      await resumed.setOptimizerState({});
      assert.equal(await resumed.optimizerState(), {});
      same(await step(resumed), first);

      // The averages matter: without them the same weights go elsewhere.
      await resumed.setState(first[1]);
      await resumed.setOptimizerState({});
      assert.ok(differs((await step(resumed))[1], second[1], 'conv1.weight'));
    });
  });
}

test.run();
