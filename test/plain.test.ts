import * as assert from 'uvu/assert';
import type { Classifier, ClassifierOptions } from '../lib/model/classifier.js';
import { loadAddon, type NativeBatch, type NativeStepOptions } from '../lib/native.js';
import { random } from '../lib/random.js';
import { failsWith } from './support/errors.js';
import {
  adam,
  agrees,
  batch,
  fixture,
  floatsOf,
  formulaState,
  momentum,
  sameState,
  stepOptions,
  withClassifier,
} from './support/native.js';
import { suite } from './support/suite.js';

const test = suite('native: what a card computes, on the processor');

test('debug', async () => {
  for (const device of ['cpu', 'plain'] as const)
    await withClassifier({ optimizer: momentum, device }, async (classifier) => {
      await classifier.setState(formulaState);
      const e = await classifier.evaluate(batch);
      console.log(device, e.loss, e.logits.slice(0, 4));
      for (let i = 0; i < 4; i++) console.log(await classifier.trainStep(batch, stepOptions));
      const o = await classifier.optimizerState();
      const s = await classifier.state();
      console.log(floatsOf(o, 'momentum_buffer.conv1.weight').slice(0, 4), floatsOf(o, 'momentum_buffer.fc.bias').slice(0, 4), floatsOf(s, 'bn1.running_var').slice(0, 4));
    });
});
test.run();
