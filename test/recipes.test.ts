import * as assert from 'uvu/assert';
import type { Recipe } from '../lib/model/recipe.js';
import { drawAugmentation } from '../lib/pipeline/augment.js';
import { learningRateAt, recipes } from '../lib/pipeline/recipes.js';
import { random } from '../lib/random.js';
import { near } from './support/near.js';
import { suite } from './support/suite.js';

const test = suite('recipes');

test('the one-cycle schedule warms up and ends at zero; classic stays', () => {
  const recipe: Recipe = { ...recipes.scratch, learningRate: 1 };
  near(learningRateAt(recipe, 0), 1 / 25);
  near(learningRateAt(recipe, 0.3), 1);
  near(learningRateAt(recipe, 0.65), 0.5);
  near(learningRateAt(recipe, 1), 0);
  near(learningRateAt(recipes.classic, 0.9), 1e-3);
});

test('classic is the original service’s recipe', () => {
  const { epochs, batchSize, imageSize, learningRate, optimizer, schedule, flip } = recipes.classic;
  assert.equal(
    { epochs, batchSize, imageSize, learningRate, optimizer, schedule, flip },
    {
      epochs: 20,
      batchSize: 16,
      imageSize: 224,
      learningRate: 1e-3,
      optimizer: { algorithm: 'adam' },
      schedule: 'constant',
      flip: 0.5,
    },
  );
});

test('crops lie inside the photo, cover the asked share, and half of the photos flip', () => {
  const recipe: Recipe = { ...recipes.scratch, decodeSize: 72, cropScale: 0.5 };
  const drawn = Array.from({ length: 2000 }, (_, index) =>
    drawAugmentation(recipe, random(1, 'test', index)),
  );
  for (const {
    crop: [left, top, width, height],
  } of drawn) {
    assert.ok(left >= 0 && top >= 0 && left + width <= 72 && top + height <= 72);
    const share = (width * height) / 72 ** 2;
    assert.ok(share > 0.48 && share <= 1, `share ${share}`);
  }
  const flips = drawn.filter(({ flip }) => flip === 1).length;
  assert.ok(flips > 900 && flips < 1100, `${flips} flips`);
  assert.equal(drawAugmentation({ ...recipe, cropScale: 1 }, random(1)).crop, [0, 0, 72, 72]);
});

test.run();
