import * as assert from 'uvu/assert';
import { fastestDtype } from '../lib/model/dtype.js';
import { type Dtype, loadAddon, type NativeState } from '../lib/native.js';
import {
  adam,
  batch,
  fixture,
  floatsOf,
  formulaState,
  logitsAgree,
  momentum,
  sameState,
  stepOptions,
  withClassifier,
  within,
} from './support/native.js';
import { suite } from './support/suite.js';

const test = suite('native: training in bfloat16');

const bfloat16 = { dtype: 'bfloat16' } as const;

test('bfloat16 is what no processor without instructions for it trains in, and each with AMX does', () => {
  const features = loadAddon().processorFeatures();
  const fastest = fastestDtype();
  if (features.includes('amx_bf16')) assert.is(fastest, 'bfloat16');
  else if (!features.includes('avx512_bf16')) assert.is(fastest, 'float32');
  // What was found once stays, so that a run and its resumption compute alike.
  for (let time = 0; time < 3; time += 1) assert.is(fastestDtype(), fastest);
});

/** Cosine of the angle between two tensors. */
function cosine(a: Float32Array, b: Float32Array): number {
  const product = (x: Float32Array, y: Float32Array) =>
    x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

test('gradients point where those of float32 do, statistics and loss agree', async () => {
  const stepIn = (dtype: Dtype) =>
    withClassifier({ optimizer: momentum, dtype }, async (classifier) => {
      await classifier.setState(formulaState);
      const { loss } = await classifier.trainStep(batch, stepOptions);
      const [state, optimizer] = [await classifier.state(), await classifier.optimizerState()];
      return { loss, state, optimizer };
    });
  const [half, single] = [await stepIn('bfloat16'), await stepIn('float32')];
  within('loss', half.loss, single.loss, single.loss, 0.02);
  assert.not.equal(half.loss, single.loss);
  // Without instructions for it products are rounded otherwise: of the tensor that is the least alike, a bias of 64
  // values, PyTorch's autocast has 0.87 on a processor with AVX2 alone, and gillnet 0.84; of all together both have 0.93.
  const least = loadAddon().processorFeatures().includes('avx512_bf16') ? 0.85 : 0.8;
  const whole: [number[], number[]] = [[], []];
  for (const name of Object.keys(fixture.gradients)) {
    const [found, expected] = [half, single].map(({ optimizer }) =>
      floatsOf(optimizer, `momentum_buffer.${name}`),
    ) as [Float32Array, Float32Array];
    const likeness = cosine(found, expected);
    assert.ok(likeness > least, `${name}: ${likeness}`);
    for (const value of found) whole[0].push(value);
    for (const value of expected) whole[1].push(value);
  }
  const [found, expected] = whole.map((values) => Float32Array.from(values));
  const likeness = cosine(found as Float32Array, expected as Float32Array);
  assert.ok(likeness > 0.9, `all together: ${likeness}`);
  for (const name of Object.keys(fixture.statistics)) {
    const [found, expected] = [half, single].map(({ state }) => floatsOf(state, name)) as [
      Float32Array,
      Float32Array,
    ];
    assert.ok(cosine(found, expected) > 0.999, name);
  }
});

test('weights, averages and inference are float32', async () => {
  await withClassifier({ optimizer: adam, ...bfloat16 }, async (classifier) => {
    await classifier.setState(formulaState);
    sameState(await classifier.state(), formulaState);
    logitsAgree(await classifier.predict(batch), fixture.evaluation.logits);
    await classifier.trainStep(batch, { learningRate: 1e-5 });
    const [state, optimizer] = [await classifier.state(), await classifier.optimizerState()];
    for (const tensors of [state, optimizer]) {
      for (const { dtype } of Object.values(tensors)) assert.is.not(dtype, 'bfloat16');
    }
    // A step is far below what bfloat16 could add to a weight.
    const moved = floatsOf(state, 'layer1.0.conv1.weight').filter(
      (value, i) => value !== floatsOf(formulaState, 'layer1.0.conv1.weight')[i],
    );
    assert.ok(moved.length > 64 * 64 * 9 * 0.9, `${moved.length}`);
  });
});

test('a training learns as in float32', async () => {
  const lossesIn = (dtype: Dtype) =>
    withClassifier({ optimizer: adam, dtype, seed: 5 }, async (classifier) => {
      const losses: number[] = [];
      for (let step = 0; step < 12; step += 1) {
        losses.push((await classifier.trainStep(batch, { learningRate: 3e-4 })).loss);
      }
      return losses;
    });
  const [half, single] = [await lossesIn('bfloat16'), await lossesIn('float32')];
  assert.ok((single.at(-1) as number) < 0.2 * (single[0] as number));
  assert.ok((half.at(-1) as number) < 0.2 * (half[0] as number));
});

for (const options of [stepOptions, { ...stepOptions, frozenStatistics: true }]) {
  test(`resumes bit for bit, ${options === stepOptions ? 'by the batch' : 'with frozen statistics'}`, async () => {
    const made = { optimizer: adam, ...bfloat16 };
    let middle: NativeState[] = [];
    const expected = await withClassifier({ ...made, seed: 1 }, async (classifier) => {
      await classifier.trainStep(batch, options);
      middle = [await classifier.state(), await classifier.optimizerState()];
      await classifier.trainStep(batch, options);
      return classifier.state();
    });
    await withClassifier({ ...made, seed: 2 }, async (classifier) => {
      await classifier.setState(middle[0] as NativeState);
      await classifier.setOptimizerState(middle[1] as NativeState);
      await classifier.trainStep(batch, options);
      sameState(await classifier.state(), expected);
    });
  });
}

test.run();
