import * as assert from 'uvu/assert';
import { random } from '../lib/random.js';
import { near } from './support/near.js';
import { suite } from './support/suite.js';

const test = suite('random draws');

test('streams depend on seed and path alone, and are even', () => {
  const draws = (...path: (string | number)[]) => {
    const stream = random(5, ...path);
    return Array.from({ length: 4 }, () => stream.next());
  };
  assert.equal(draws('a', 1), draws('a', 1));
  assert.not.equal(draws('a', 1), draws('a', 2));
  const stream = random(9, 'even');
  const values = Array.from({ length: 20_000 }, () => stream.next());
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  near(mean, 0.5, 0.01);
  assert.ok(values.every((value) => value >= 0 && value < 1));
  const items = Array.from({ length: 50 }, (_, index) => index);
  const shuffled = stream.shuffle(items);
  assert.not.equal(shuffled, items);
  assert.equal(
    [...shuffled].sort((a, b) => a - b),
    items,
  );
});

test.run();
