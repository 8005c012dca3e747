import { trainAsOne } from '../support/rank-curves.js';
import { suite } from '../support/suite.js';

const test = suite('more ranks than a small machine has cores');

test('4 processes train as one does, within 1e-5 of the loss over 20 steps', () => trainAsOne(4));

test.run();
