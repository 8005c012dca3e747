import './support/small-network.js';
import * as assert from 'uvu/assert';
import { Classifier } from '../lib/model/classifier.js';
import { failsWith } from './support/errors.js';
import {
  adam,
  batch,
  device,
  fixture,
  formulaState,
  names,
  sameState,
  stepOptions,
  withFormula,
} from './support/native.js';
import { head, runChild } from './support/native-process.js';
import { suite } from './support/suite.js';

const test = suite('native: its end');

test('after dispose() every call rejects, and what was under way still settles', async () => {
  const learningRate = 0;
  const alone = await withFormula(adam, (other) => other.trainStep(batch, { learningRate }));
  const classifier = new Classifier({
    classes: names,
    imageSize: fixture.size,
    seed: null,
    device,
  });
  await classifier.setState(formulaState);
  const running = classifier.trainStep(batch, { learningRate });
  const waiting = classifier.evaluate(batch);
  classifier.dispose();
  classifier.dispose();
  const late = [
    () => classifier.trainStep(batch, stepOptions),
    () => classifier.evaluate(batch),
    () => classifier.predict(batch),
    () => classifier.state(),
    () => classifier.setState(formulaState),
    () => classifier.optimizerState(),
    () => classifier.setOptimizerState({}),
  ];
  for (const call of late) await failsWith('DISPOSED', call);
  assert.is((await running).loss, alone.loss);
  assert.ok(Number.isFinite((await waiting).loss));
  classifier.dispose();
  for (const call of late) await failsWith('DISPOSED', call);
});

test('what a call refers to lives until it settles, whatever becomes of its arguments', () => {
  const ended = runChild(
    `
    const classifier = make();
    // Keeps the engine busy meanwhile.
    const busy = classifier.predict(batch(48));
    let settled = 0;
    const given = { ...batch(2), crops: Int32Array.of(0, 0, 9, 9, 0, 0, 9, 9) };
    given.flips = new Uint8Array(2);
    given.colours = new Float32Array(6);
    const bias = { dtype: 'float32', shape: [2], data: new Uint8Array(8) };
    const waiting = [classifier.evaluate(given), classifier.setState({ 'fc.bias': bias })]
      .map((call) => call.then(() => { settled += 1; }));
    const references = [];
    for (const object of [given, bias]) {
      for (const [name, value] of Object.entries(object)) {
        if (ArrayBuffer.isView(value)) references.push([name, new WeakRef(value)]);
        delete object[name];
      }
    }
    // A reference that was just made holds its target until the next turn of the event loop.
    await pause(1);
    globalThis.gc();
    const alive = references.filter(([, reference]) => reference.deref()).map(([name]) => name);
    console.log(settled, alive.join());
    await Promise.allSettled([busy, ...waiting]);
  `,
    '--expose-gc',
  );
  const stdout = '0 pixels,labels,crops,flips,colours,data';
  assert.equal(ended, { status: 0, signal: null, stdout, stderr: '' });
});

test('disposing of one classifier leaves another', async () => {
  const alone = await withFormula(adam, (classifier) => classifier.evaluate(batch));
  await withFormula(adam, async (kept) => {
    await withFormula(adam, async (other) => {
      const steps = [other.trainStep(batch, stepOptions), kept.evaluate(batch)] as const;
      other.dispose();
      await steps[0];
      assert.equal((await steps[1]).logits, alone.logits);
    });
    sameState(await kept.state(), formulaState);
  });
});

/** An expression for a script that starts `source` as a module in a thread of its own. */
function workerOf(source: string): string {
  const url = `data:text/javascript,${encodeURIComponent(head + source)}`;
  return `new Worker(new URL(${JSON.stringify(url)}))`;
}

/** Starts a step that outlasts the pause after it by far; had it ended before, it would have said so. */
const startLongStep = `
  const classifier = make();
  await classifier.trainStep(batch(2), options);
  classifier.trainStep(batch(16), options).then(() => say('step'));
  classifier.predict(batch(2)).then(() => say('prediction'));
  await pause(20);
`;
const say = 'const say = (what) => console.log(what);';
const post = 'const say = (what) => parentPort.postMessage(what);';

test('process.exit() in mid-step ends the process with its own code', () => {
  const ended = runChild(`
    ${say} ${startLongStep}
    process.on('exit', () => say('exit'));
    process.exit(7);
  `);
  assert.equal(ended, { status: 7, signal: null, stdout: 'exit', stderr: '' });
});

test('an error in mid-step that nobody catches ends the process as Node does', () => {
  const { stderr, ...ended } = runChild(`
    ${say} ${startLongStep}
    throw new Error('on purpose');
  `);
  assert.equal(ended, { status: 1, signal: null, stdout: '' });
  assert.match(stderr, /Error: on purpose/);
});

test('a process lives until its last step settles, and no longer', () => {
  const ended = runChild(`
    make().trainStep(batch(2), options).then(() => console.log('step'));
  `);
  assert.equal(ended, { status: 0, signal: null, stdout: 'step', stderr: '' });
});

test('workers that are terminated, in mid-step or while they call, take nothing else down', () => {
  const calls = `
    const classifier = new Classifier({ classes: ['a', 'b'], imageSize: 64, seed: null });
    const tensor = { dtype: 'float32', shape: [1], data: new Uint8Array(4) };
    const state = Object.fromEntries(Array.from({ length: 300 }, (_, i) => ['name' + i, tensor]));
    parentPort.postMessage('started');
    for (;;) {
      for (let i = 0; i < 50; i += 1) classifier.setState(state).catch(() => {});
      await classifier.setState({});
    }
  `;
  const ended = runChild(`
    ${say}
    const classifier = make();
    const before = await classifier.predict(batch(2));
    const started = (worker) => new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('message', resolve);
    });
    const worker = ${workerOf(`${post} ${startLongStep} say('started');`)};
    say(await started(worker));
    say(await worker.terminate());
    for (let i = 0; i < 12; i += 1) {
      const worker = ${workerOf(calls)};
      await started(worker);
      worker.on('error', say);
      await pause(3 * i);
      await worker.terminate();
    }
    const after = await classifier.predict(batch(2));
    say(after.length === 4 && after.every((value, index) => value === before[index]));
    await classifier.trainStep(batch(2), options);
    say((await make().predict(batch(1))).length);
  `);
  const stdout = ['started', '1', 'true', '2'].join('\n');
  assert.equal(ended, { status: 0, signal: null, stdout, stderr: '' });
});

test('process.exit() while a worker is in mid-step ends the process with its own code', () => {
  const ended = runChild(`
    ${say}
    const worker = ${workerOf(`${post} ${startLongStep} say('started');`)};
    worker.on('message', (what) => {
      say(what);
      process.exit(7);
    });
  `);
  assert.equal(ended, { status: 7, signal: null, stdout: 'started', stderr: '' });
});

test.run();
