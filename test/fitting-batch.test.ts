import './support/small-network.js';
import * as assert from 'uvu/assert';
import { Classifier } from '../lib/model/classifier.js';
import { fittingBatch } from '../lib/pipeline/fitting-batch.js';
import { withBatches } from '../lib/pipeline/recipes.js';
import { collect, ofType } from './support/events.js';
import { suite } from './support/suite.js';
import { classes, photosOf, read, recipe, size } from './support/training.js';

const test = suite('the batch size that trains the fastest');

async function fitted(count: number, batchSize: number) {
  const classifier = new Classifier({ classes, imageSize: size });
  try {
    const photos = photosOf('train', count);
    const options = { classifier, photos, read, recipe: { ...recipe, batchSize } };
    const { events, result } = await collect(fittingBatch(options));
    const [told] = ofType(events, 'fitted');
    assert.ok(told);
    assert.is(told.batchSize, result);
    return told;
  } finally {
    classifier.dispose();
  }
}

test('batches double while that gains photos a second', async () => {
  const { batchSize, tried } = await fitted(170, 2);
  assert.equal(
    tried.map((each) => each.batchSize),
    [2, 4, 8].slice(0, tried.length),
  );
  assert.ok(tried.length > 1, 'one photo more in a batch of two is no burden');
  let best = tried[0];
  for (const each of tried.slice(1)) {
    if (each.imagesPerSecond >= (best?.imagesPerSecond ?? 0) * 1.05) best = each;
    // None is tried behind one that gains too little.
    else assert.is(each, tried.at(-1));
  }
  assert.is(batchSize, best?.batchSize);
});

test('an epoch keeps its steps', async () => {
  const { batchSize, tried } = await fitted(100, 4);
  assert.equal([batchSize, tried.length], [4, 1]);
});

test('the learning rate grows by the square root of the batch', () => {
  const larger = withBatches({ ...recipe, batchSize: 32, learningRate: 1e-3 }, 128);
  assert.equal([larger.batchSize, larger.learningRate], [128, 2e-3]);
});

test.run();
