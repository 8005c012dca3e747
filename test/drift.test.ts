import './support/small-network.js';
import * as assert from 'uvu/assert';
import { populationStability } from '../lib/metrics/population-stability.js';
import { binCount, binOf, reliabilityOf } from '../lib/metrics/reliability.js';
import { Drift } from '../lib/serving/drift.js';
import type { LoadedModel } from '../lib/serving/loaded-model.js';
import { referenceOf } from '../lib/serving/reference.js';
import { near as nearWithin } from './support/near.js';
import { modelsOf, noisePhoto, randomModel, serverOf } from './support/serving.js';
import { suite } from './support/suite.js';

const near = (actual: number, expected: number) => nearWithin(actual, expected, 1e-12);
const test = suite('drift');

test('the population stability index is what a calculation by hand gives', () => {
  assert.is(populationStability([10, 20, 30], [10, 20, 30]), 0);
  // (0.75 - 0.25) ln 3, twice.
  near(populationStability([10, 30], [30, 10]), Math.log(3));
  near(populationStability([10, 20, 30], [100, 200, 300]), 0);
  near(populationStability([0, 40], [40, 0]), 2 * 0.9999 * Math.log(1e4));
});

test('a confidence lies in the bin that a reliability curve counts it in', () => {
  for (const confidence of [0.5, 1 / 15, 2 / 15, 0.999, 1]) {
    const bins = reliabilityOf([{ truth: 0, confidences: [confidence, 0] }]);
    assert.is(
      bins.findIndex(({ count }) => count === 1),
      binOf(confidence),
    );
  }
  assert.is(reliabilityOf([]).length, binCount);
});

const figures = {
  reliability: Array.from({ length: binCount }, (_, bin) => ({ count: bin === 14 ? 10 : 0 })),
  confusion: [
    [4, 1],
    [2, 3],
  ],
  classes: [{ label: 'cat' }, { label: 'dog' }],
};
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));

test('what stands beside a model is read, or left alone where it is something else', () => {
  const reference = referenceOf(bytesOf(figures), ['cat', 'dog']);
  assert.equal(reference?.labels, [6, 4], 'labels told, not true ones');
  assert.is(reference?.confidences[14], 10);
  assert.is(referenceOf(bytesOf(figures), ['dog', 'cat']), null);
  assert.is(
    referenceOf(
      bytesOf({
        ...figures,
        confusion: [
          ['x', 1],
          [2, 3],
        ],
      }),
      ['cat', 'dog'],
    ),
    null,
  );
  assert.is(referenceOf(Buffer.from('no JSON'), ['cat', 'dog']), null);
});

test('the last 1,000 predictions of the model that serves count, from 100 on', () => {
  const model = (name: string) =>
    ({
      name,
      description: { classes: ['cat', 'dog'] },
      reference: referenceOf(bytesOf(figures), ['cat', 'dog']),
    }) as LoadedModel;
  const drift = new Drift();
  const [first, second] = [model('a'), model('b')];
  const note = (of: LoadedModel, count: number, label: string, confidence: number) => {
    for (let left = count; left > 0; left -= 1) drift.note(of, { label, confidence });
  };
  note(first, 99, 'cat', 1);
  assert.is(drift.indices(), null);
  note(first, 1, 'cat', 1);
  const early = drift.indices();
  near(early?.labels ?? 0, populationStability([6, 4], [100, 0]));
  note(first, 600, 'cat', 0.97);
  note(first, 400, 'dog', 0.97);
  const same = drift.indices();
  near(same?.labels ?? 1, populationStability([6, 4], [600, 400]));
  assert.ok((same?.labels ?? 1) < 0.01 && (same?.confidences ?? 1) < 0.25);
  note(first, 1000, 'dog', 0.3);
  assert.ok((drift.indices()?.confidences ?? 0) > 1 && (drift.indices()?.labels ?? 0) > 1);
  note(second, 1, 'dog', 0.3);
  assert.is(drift.indices(), null, 'another model begins anew');
});

test('a server tells the drift of a model whose evaluation is known', async () => {
  const models = await modelsOf(await randomModel(1));
  const classes = ['cat', 'dog', 'fish'].map((label) => ({ label }));
  const confusion = [
    [5, 5, 5],
    [5, 5, 5],
    [5, 5, 5],
  ];
  const name = (models.names[0] as string).replace('.pt', '.metrics.json');
  await models.store.create(name, bytesOf({ ...figures, classes, confusion }));
  const { predict, ask, end } = await serverOf(models.folder);
  const photo = await noisePhoto(0);
  await Promise.all(Array.from({ length: 100 }, async () => (await predict(photo)).text()));
  const text = await (await ask('/metrics')).text();
  const value = (of: string) =>
    Number(new RegExp(`^gillnet_drift{of="${of}"} (.*)$`, 'm').exec(text)?.[1]);
  assert.ok(value('confidences') > 1, 'all of them are unsure');
  assert.ok(value('labels') > 1, 'one label alone');
  await end();
});

test.run();
