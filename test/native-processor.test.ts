import * as assert from 'uvu/assert';
import { setThreads } from '../lib/model/classifier.js';
import { loadAddon } from '../lib/native.js';
import { fittingThreads } from '../lib/processors.js';
import { failsWith } from './support/errors.js';
import { logitsAgree, tolerance, within } from './support/native.js';
import { runChild } from './support/native-process.js';
import { suite } from './support/suite.js';

const test = suite('native: what of the processor it uses');

test('setThreads takes what it is given, and else one per core', async () => {
  const { threads } = loadAddon();
  setThreads(fittingThreads() + 1);
  assert.is(threads(), fittingThreads() + 1);
  for (const count of [0, -1, 1.5, 1025, Number.NaN, '2' as unknown as number]) {
    await failsWith('INVALID_ARGUMENT', () => setThreads(count));
  }
  assert.is(threads(), fittingThreads() + 1);
  setThreads(undefined);
  assert.is(threads(), fittingThreads());
});

test('LibTorch works with as many threads as were set, and to the same end', () => {
  const workWith = (threads: number) => {
    const { stdout, ...rest } = runChild(`
      import { existsSync, readdirSync } from 'node:fs';
      setThreads(${threads});
      const classifier = make();
      const pixels = Uint8Array.from({ length: 8 * 64 * 64 * 3 }, (_, i) => (i * i) % 251);
      const given = { ...batch(8), pixels, crops: Int32Array.from({ length: 32 }, (_, i) => 9 + i % 5) };
      const { loss } = await classifier.trainStep(given, { learningRate: 1e-3 });
      const logits = await classifier.predict(given);
      const tasks = '/proc/self/task';
      const running = existsSync(tasks) ? readdirSync(tasks).length : undefined;
      console.log(JSON.stringify({ loss, logits: [...logits], running }));
    `);
    assert.equal(rest, { status: 0, signal: null, stderr: '' });
    return JSON.parse(stdout) as { loss: number; logits: number[]; running?: number };
  };
  const [one, four] = [workWith(1), workWith(4)];
  within('loss', four.loss, one.loss, one.loss, tolerance.logits);
  // After a step of Adam, which turns on the signs of gradients that are rounding errors.
  logitsAgree(Float32Array.from(four.logits), one.logits, 1e-2);
  // The thread that calls LibTorch is one of them, and LibTorch may keep more than one pool. Only
  // Linux tells.
  if (one.running && four.running) assert.ok(four.running - one.running >= 3);
});

for (const kernels of ['avx2', 'none']) {
  test(`gradients are PyTorch’s with kernels no better than ${kernels}`, () => {
    const ended = runChild(`
      process.env.GILLNET_KERNELS = '${kernels}';
      const native = await import('${new URL('./support/native.js', import.meta.url)}');
      const { loadAddon } = await import('${new URL('../lib/native.js', import.meta.url)}');
      setThreads(3);
      await native.withFormula(native.momentum, async (classifier) => {
        await classifier.trainStep(native.batch, native.stepOptions);
        const state = await classifier.optimizerState();
        for (const [name, expected] of Object.entries(native.fixture.gradients)) {
          const gradient = native.floatsOf(state, 'momentum_buffer.' + name);
          native.agrees('gradient of ' + name, gradient, expected, native.tolerance.gradients);
        }
      });
      console.log(loadAddon().kernels());
    `);
    const { processorFeatures } = loadAddon();
    const stdout = processorFeatures().includes('avx2') ? kernels : 'none';
    assert.equal(ended, { status: 0, signal: null, stdout, stderr: '' });
  });
}

test.run();
