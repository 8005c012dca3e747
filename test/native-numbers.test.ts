import * as assert from 'uvu/assert';
import { architectureOf, widthOf } from '../lib/model/architecture.js';
import { Classifier } from '../lib/model/classifier.js';
import { parameterCount } from '../lib/model/state.js';
import type { NativeBatch } from '../lib/native.js';
import {
  adam,
  agrees,
  batch,
  deeper,
  device,
  differs,
  fixture,
  floatsOf,
  formulaState,
  formulaStateOf,
  integerOf,
  isParameter,
  logitsAgree,
  momentum,
  names,
  noisyPixels,
  sameState,
  seeds,
  stepOptions,
  summaryOf,
  tensorOf,
  tolerance,
  unlabelled,
  withClassifier,
  withFormula,
  within,
} from './support/native.js';
import { suite } from './support/suite.js';
import { float32 } from './support/tensors.js';

const test = suite('native: what it computes');

/** With the formula's weights, which no inference changes. */
const formula = new Classifier({ classes: names, imageSize: fixture.size, seed: null, device });
await formula.setState(formulaState);

test('inference gives the logits and the loss of torchvision', async () => {
  const { loss, logits } = await formula.evaluate(batch);
  const expected = fixture.evaluation;
  logitsAgree(logits, expected.logits);
  within('loss', loss, expected.loss, expected.loss, tolerance.logits);
  assert.equal(await formula.predict(unlabelled), logits);
  assert.equal(await formula.predict(batch), logits);
});

for (const [architecture, expected] of Object.entries(deeper)) {
  test(`${architecture} is torchvision's, in its tensors, its logits and its training`, async () => {
    const name = architecture as keyof typeof deeper;
    const options = { architecture: name, optimizer: momentum, seed: null };
    await withClassifier(options, async (classifier) => {
      const initial = await classifier.state();
      const shapes = Object.entries(initial).map(([name, { shape }]) => [name, shape]);
      assert.equal(shapes, expected.state);
      assert.is(architectureOf(initial), name);
      assert.is(parameterCount(initial), expected.parameters);
      await classifier.setState(formulaStateOf(name));
      logitsAgree(await classifier.predict(unlabelled), expected.logits);
      const features = await classifier.features(unlabelled);
      assert.is(features.length, batch.count * widthOf(name));
      const { loss } = await classifier.trainStep(batch, stepOptions);
      within('loss', loss, expected.loss, expected.loss, tolerance.losses);
      const averages = await classifier.optimizerState();
      for (const [parameter, norm] of Object.entries(expected.gradientNorms)) {
        const gradient = summaryOf(floatsOf(averages, `momentum_buffer.${parameter}`));
        within(`norm of ${parameter}`, gradient.norm, norm, norm, tolerance.deepGradients);
      }
    });
  });
}

test('features are what the head makes the logits of', async () => {
  const features = await formula.features(unlabelled);
  const [weight, bias] = [floatsOf(formulaState, 'fc.weight'), floatsOf(formulaState, 'fc.bias')];
  const width = weight.length / fixture.classes;
  assert.is(features.length, batch.count * width);
  const logits = Array.from({ length: batch.count * fixture.classes }, (_, place) => {
    const [photo, label] = [Math.floor(place / fixture.classes), place % fixture.classes];
    const products = weight
      .subarray(label * width, (label + 1) * width)
      .map((value, index) => value * (features[photo * width + index] as number));
    return products.reduce((a, b) => a + b, bias[label] as number);
  });
  logitsAgree(Float32Array.from(logits), fixture.evaluation.logits);
});

test('a class is explained as Grad-CAM does by gradients', async () => {
  const { shape, maps: expected } = fixture.explanation;
  const { logits, maps, rows, columns } = await formula.explain(batch);
  assert.equal([batch.count, rows, columns], shape);
  logitsAgree(maps, expected);
  logitsAgree(logits, fixture.evaluation.logits);
  assert.ok(
    expected.some((value) => value > 0) && expected.includes(0),
    'what is against it is cut',
  );
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
  logitsAgree(await formula.predict(photos), logits);
});

test("colours are changed as torchvision's ColorJitter changes them", async () => {
  const { size } = fixture;
  // In two halves. Their greys (0.299, 0.587, 0.114) are whole: 44 and 124, and 84 on average.
  const photo = (...halves: [number[], number[]]) =>
    Uint8Array.from({ length: size * size * 3 }, (_, at) => {
      const half = Math.floor(at / 3) % size < size / 2 ? 0 : 1;
      return halves[half][at % 3] as number;
    });
  const pixels = photo([0, 40, 180], [4, 196, 68]);
  const cases: [factors: number[], expected: Uint8Array][] = [
    [[1, 1, 1], pixels],
    [[2, 1, 1], photo([0, 80, 255], [8, 255, 136])],
    [[1, 0.5, 1], photo([42, 62, 132], [44, 140, 76])],
    [[1, 1, 0.5], photo([22, 42, 112], [64, 160, 96])],
    // Darker, then half of what differs from 42, then three times what differs from grey.
    [[0.5, 0.5, 3], photo([0, 29, 134], [0, 106, 10])],
  ];
  const given = { count: 1, height: size, width: size };
  for (const [factors, expected] of cases) {
    const colours = Float32Array.from(factors);
    const changed = await formula.predict({ ...given, pixels, colours });
    logitsAgree(changed, [...(await formula.predict({ ...given, pixels: expected }))]);
  }
});

test('no inference has changed anything', async () => {
  sameState(await formula.state(), formulaState);
  assert.equal(await formula.optimizerState(), {});
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
  await withClassifier({ mean, std, seed: null }, async (classifier) => {
    const conv1 = swap(floatsOf(formulaState, 'conv1.weight'), 49, 49);
    const { shape } = tensorOf(formulaState, 'conv1.weight');
    await classifier.setState({ ...formulaState, 'conv1.weight': float32(shape, conv1) });
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

test('a step of Adam leaves a tenth of the gradient, and a thousandth of its square; batch norms’ statistics move', async () => {
  await withFormula(adam, async (classifier) => {
    await classifier.trainStep(batch, stepOptions);
    const averages = await classifier.optimizerState();
    const parameters = Object.keys(fixture.gradients);
    assert.equal(Object.keys(averages), [
      'step',
      ...parameters.map((name) => `exp_avg.${name}`),
      ...parameters.map((name) => `exp_avg_sq.${name}`),
    ]);
    assert.is(integerOf(averages, 'step'), 1n);
    for (const [name, expected] of Object.entries(fixture.gradients)) {
      const gradient = floatsOf(averages, `exp_avg.${name}`).map((value) => value / 0.1);
      agrees(`gradient of ${name}`, gradient, expected, tolerance.gradients);
      const squares = floatsOf(averages, `exp_avg_sq.${name}`);
      // Squares of the smallest gradients are below what float32 holds.
      const wrong = squares.findIndex((square, i) => {
        const expected = (gradient[i] ?? 0) ** 2 * 0.001;
        const least = 1e-30;
        return !(Math.abs(square - expected) <= tolerance.squares * expected + least);
      });
      assert.is(wrong, -1, `square of ${name}[${wrong}]: ${squares[wrong]} for ${gradient[wrong]}`);
    }
    const state = await classifier.state();
    for (const [name, expected] of Object.entries(fixture.statistics)) {
      agrees(name, floatsOf(state, name), expected, tolerance.statistics);
    }
    const counts = Object.keys(state).filter((name) => name.endsWith('num_batches_tracked'));
    assert.is(counts.length, 20);
    for (const name of counts) assert.is(integerOf(state, name), 1n, name);
  });
});

test('frozen statistics stay, and the gradients are PyTorch’s in evaluation mode', async () => {
  const expected = fixture.frozenStatistics;
  await withFormula(momentum, async (classifier) => {
    const options = { ...stepOptions, frozenStatistics: true };
    const { loss } = await classifier.trainStep(batch, options);
    const [state, optimizer] = [await classifier.state(), await classifier.optimizerState()];
    within('loss', loss, expected.loss, expected.loss, tolerance.losses);
    for (const [name, gradient] of Object.entries(expected.gradients)) {
      const found = floatsOf(optimizer, `momentum_buffer.${name}`);
      agrees(`gradient of ${name}`, found, gradient, tolerance.gradients);
    }
    for (const name of Object.keys(state)) {
      assert.is(differs(state, formulaState, name), isParameter(name), name);
    }
  });
});

test.run();
