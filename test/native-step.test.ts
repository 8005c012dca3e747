import './support/small-network.js';
import * as assert from 'uvu/assert';
import type { Classifier } from '../lib/model/classifier.js';
import type { NativeState, NativeStepOptions } from '../lib/native.js';
import { failsWith } from './support/errors.js';
import {
  adam,
  batch,
  differs,
  floatsOf,
  formulaState,
  integersOf,
  isParameter,
  momentum,
  sameState,
  stepOptions,
  withClassifier,
  withFormula,
  within,
} from './support/native.js';
import { suite } from './support/suite.js';

const test = suite('native: what a step may be told');

/** A parameter of each group, from the input to the logits. */
const watched = [
  'bn1.weight',
  'layer1.0.conv2.weight',
  'layer2.0.downsample.0.weight',
  'layer3.0.bn1.bias',
  'layer4.0.conv1.weight',
  'fc.weight',
];
const groupOf = (name: string) => {
  const layer = /^layer(\d)/.exec(name)?.[1];
  return layer ? Number(layer) : name.startsWith('fc.') ? 5 : 0;
};

const afterSteps = async (
  classifier: Classifier,
  ...steps: NativeStepOptions[]
): Promise<{ state: NativeState; optimizer: NativeState; losses: number[] }> => {
  const losses: number[] = [];
  for (const options of steps) losses.push((await classifier.trainStep(batch, options)).loss);
  return { state: await classifier.state(), optimizer: await classifier.optimizerState(), losses };
};

const whole = await withFormula(momentum, (each) => afterSteps(each, stepOptions));

for (const trained of [[5], [4, 5], [0, 2], [3]]) {
  test(`with all frozen but ${trained.map((group) => watched[group])}, those alone train, by the same gradients`, async () => {
    const factors = Float32Array.from(watched, (_, group) => Number(trained.includes(group)));
    const options = { ...stepOptions, factors };
    const { state, optimizer, losses } = await withFormula(momentum, (each) =>
      afterSteps(each, options),
    );
    assert.equal(losses, whole.losses);
    for (const name of Object.keys(state).filter(isParameter)) {
      const moved = trained.includes(groupOf(name));
      assert.is(differs(state, formulaState, name), moved, name);
      if (!moved) continue;
      const [found, expected] = [optimizer, whole.optimizer].map((each) =>
        floatsOf(each, `momentum_buffer.${name}`),
      ) as [Float32Array, Float32Array];
      const norm = Math.hypot(...expected.subarray(0, 1000));
      const apart = Math.hypot(...expected.subarray(0, 1000).map((v, i) => v - (found[i] ?? 0)));
      assert.ok(apart <= 1e-5 * norm, `gradient of ${name} is ${apart / norm} off`);
    }
    assert.equal(
      integersOf(optimizer, 'step'),
      [...factors].map((factor) => BigInt(factor)),
    );
    // Normalising by the batch moves the statistics of frozen groups, too.
    assert.ok(differs(state, formulaState, 'bn1.running_mean'));
  });
}

test('weight decay leaves frozen groups alone', async () => {
  const optimizer = { algorithm: 'adamw', weightDecay: 0.5 } as const;
  await withFormula(optimizer, async (classifier) => {
    const factors = Float32Array.of(0, 0, 0, 0, 0, 1);
    const { state } = await afterSteps(classifier, { learningRate: 0.01, factors });
    assert.not(differs(state, formulaState, 'layer4.0.conv1.weight'));
    assert.ok(differs(state, formulaState, 'fc.weight'));
  });
});

test('a factor is one of the learning rate', async () => {
  const twice = await withFormula(adam, (each) => afterSteps(each, { learningRate: 2e-4 }));
  const factors = Float32Array.of(1, 1, 2, 1, 1, 2);
  const mixed = await withFormula(adam, (each) =>
    afterSteps(each, { learningRate: 1e-4, factors }),
  );
  const ones = new Float32Array(6).fill(1);
  const once = await withFormula(adam, (each) => afterSteps(each, { learningRate: 1e-4 }));
  const told = await withFormula(adam, (each) =>
    afterSteps(each, { learningRate: 1e-4, factors: ones }),
  );
  sameState(told.state, once.state);
  for (const [group, name] of watched.entries()) {
    assert.equal(mixed.state[name], (factors[group] === 2 ? twice : once).state[name], name);
    assert.ok(differs(once.state, twice.state, name), name);
  }
});

test('a group that thaws begins with the first step of its own', async () => {
  const learningRate = 1e-3;
  await withFormula(adam, async (classifier) => {
    const factors = Float32Array.of(0, 0, 0, 0, 0, 1);
    const frozen = { learningRate, factors };
    const { state, optimizer } = await afterSteps(classifier, frozen, frozen, frozen);
    assert.equal(integersOf(optimizer, 'step'), [0n, 0n, 0n, 0n, 0n, 3n]);
    const thawed = await afterSteps(classifier, { learningRate });
    assert.equal(integersOf(thawed.optimizer, 'step'), [1n, 1n, 1n, 1n, 1n, 4n]);
    // Adam's first step moves each weight by the learning rate; counted as the fourth it would be by three times that.
    const before = floatsOf(state, 'layer4.0.conv2.weight');
    const moves = floatsOf(thawed.state, 'layer4.0.conv2.weight').map((value, i) =>
      Math.abs(value - (before[i] ?? 0)),
    );
    within('largest move', Math.max(...moves.subarray(0, 5000)), learningRate, learningRate, 1e-3);
  });
});

test('with frozen statistics one photo is enough for a step', async () => {
  await withClassifier({ imageSize: 32 }, async (classifier) => {
    const pixels = batch.pixels.slice(0, 32 * 32 * 3);
    const one = { pixels, count: 1, height: 32, width: 32, labels: Int32Array.of(0) };
    // One value per channel has no variance: PyTorch refuses such a step, too.
    await failsWith('INVALID_ARGUMENT', () => classifier.trainStep(one, stepOptions));
    const state = await classifier.state();
    for (const [name, { dtype }] of Object.entries(state)) {
      if (dtype === 'float32') assert.ok(floatsOf(state, name).every(Number.isFinite), name);
    }
    const { loss } = await classifier.trainStep(one, { ...stepOptions, frozenStatistics: true });
    assert.ok(loss > 0);
  });
});

test.run();
