import './support/small-network.js';
import * as assert from 'uvu/assert';
import { type Classifier, type ClassifierOptions, setThreads } from '../lib/model/classifier.js';
import type { NativeState } from '../lib/native.js';
import {
  adam,
  batch,
  differs,
  formulaState,
  integerOf,
  momentum,
  sameState,
  stepOptions,
  tensorOf,
  withClassifier,
  withFormula,
} from './support/native.js';
import { suite } from './support/suite.js';

const test = suite('native: its state');
// That a training goes on bit by bit is to hold for threads that share the work, too.
setThreads(2);

const initialState = (options: Partial<ClassifierOptions>) =>
  withClassifier(options, (classifier) => classifier.state());
const seven = await initialState({ seed: 7 });

test('the seed decides the initial weights', async () => {
  sameState(await initialState({ seed: 7 }), seven);
  const eight = await initialState({ seed: 8 });
  for (const name of ['conv1.weight', 'layer4.0.conv2.weight', 'fc.weight', 'fc.bias']) {
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
