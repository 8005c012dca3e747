import * as assert from 'uvu/assert';
import type { Classifier } from '../lib/model/classifier.js';
import { fastestDtype } from '../lib/model/dtype.js';
import { type Dtype, loadAddon } from '../lib/native.js';
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

/** Products of two tensors with each other, and of each with itself. */
function productsOf(a: Float32Array, b: Float32Array): [number, number, number] {
  let [both, first, second] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [a[i] as number, b[i] as number];
    both += x * y;
    first += x * x;
    second += y * y;
  }
  return [both, first, second];
}
/** Of the angle between two tensors. */
const cosine = ([both, first, second]: [number, number, number]) =>
  both / Math.sqrt(first * second);

test('gradients point where those of float32 do, statistics and loss agree', async () => {
  const stepIn = (dtype: Dtype) =>
    withClassifier({ optimizer: momentum, dtype, seed: null }, async (classifier) => {
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
  const whole: [number, number, number] = [0, 0, 0];
  for (const name of Object.keys(fixture.gradients).map((each) => `momentum_buffer.${each}`)) {
    const products = productsOf(floatsOf(half.optimizer, name), floatsOf(single.optimizer, name));
    assert.ok(cosine(products) > least, `${name}: ${cosine(products)}`);
    for (const [at, product] of products.entries()) whole[at] = (whole[at] as number) + product;
  }
  assert.ok(cosine(whole) > 0.9, `all together: ${cosine(whole)}`);
  for (const name of Object.keys(fixture.statistics)) {
    const products = productsOf(floatsOf(half.state, name), floatsOf(single.state, name));
    assert.ok(cosine(products) > 0.999, name);
  }
});

test('weights, averages and inference are float32', async () => {
  await withClassifier({ optimizer: adam, ...bfloat16, seed: null }, async (classifier) => {
    await classifier.setState(formulaState);
    sameState(await classifier.state(), formulaState);
    logitsAgree(await classifier.predict(batch), fixture.evaluation.logits);
    await classifier.trainStep(batch, { learningRate: 1e-5 });
    const [state, optimizer] = [await classifier.state(), await classifier.optimizerState()];
    for (const tensors of [state, optimizer]) {
      for (const { dtype } of Object.values(tensors)) assert.is.not(dtype, 'bfloat16');
    }
    // A step is far below what bfloat16 could add to a weight.
    const [before, after] = [formulaState, state].map((each) =>
      floatsOf(each, 'layer1.0.conv1.weight'),
    ) as [Float32Array, Float32Array];
    const moved = after.filter((value, i) => value !== before[i]);
    assert.ok(moved.length > 64 * 64 * 9 * 0.9, `${moved.length}`);
  });
});

test('a training learns', async () => {
  await withClassifier({ optimizer: adam, ...bfloat16, seed: 5 }, async (classifier) => {
    const step = async () => (await classifier.trainStep(batch, { learningRate: 3e-4 })).loss;
    const losses = [await step()];
    const fallen = () => (losses.at(-1) as number) < 0.2 * (losses[0] as number);
    while (losses.length < 12 && !fallen()) losses.push(await step());
    assert.ok(fallen(), losses.join(' '));
  });
});

test('resumes bit for bit, by the batch and with frozen statistics', async () => {
  const made = { optimizer: adam, ...bfloat16, imageSize: 32 };
  const goOn = async (classifier: Classifier) => {
    await classifier.trainStep(batch, stepOptions);
    await classifier.trainStep(batch, { ...stepOptions, frozenStatistics: true });
    return classifier.state();
  };
  const [state, optimizer, expected] = await withClassifier(made, async (classifier) => {
    await goOn(classifier);
    const middle = [await classifier.state(), await classifier.optimizerState()] as const;
    return [...middle, await goOn(classifier)] as const;
  });
  await withClassifier({ ...made, seed: null }, async (classifier) => {
    await classifier.setState(state);
    await classifier.setOptimizerState(optimizer);
    sameState(await goOn(classifier), expected);
  });
});

test.run();
