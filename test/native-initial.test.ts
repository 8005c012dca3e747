import * as assert from 'uvu/assert';
import {
  fixture,
  floatsOf,
  integerOf,
  summaryOf,
  withClassifier,
  within,
} from './support/native.js';
import { suite } from './support/suite.js';

const test = suite('native: its initial weights');
const seven = await withClassifier({ seed: 7 }, (classifier) => classifier.state());

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

test.run();
