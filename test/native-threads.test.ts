import './support/small-network.js';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import * as assert from 'uvu/assert';
import { Classifier } from '../lib/model/classifier.js';
import { head } from './support/native-process.js';
import { suite } from './support/suite.js';

const test = suite('native: threads of JavaScript beside each other');

const edge = 32;
const classes = ['a', 'b'];
const pixels = Uint8Array.from({ length: 2 * edge * edge * 3 }, (_, index) => (index * 37) % 251);
const photos = { pixels, count: 2, height: edge, width: edge };

/** Runs `source` in a thread of its own, where `classifier`, of `seed`, and `photos` are at hand. */
function start(seed: number, source: string): Worker {
  const made = `
    await import('${new URL('./support/small-network.js', import.meta.url)}');
    const photos = { pixels: Uint8Array.from([${pixels}]), count: 2, height: ${edge}, width: ${edge} };
    const labelled = { ...photos, labels: Int32Array.of(0, 1) };
    const classifier = new Classifier({ classes: ['a', 'b'], imageSize: ${edge}, seed: ${seed} });
  `;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(head + made + source)}`));
}

const predicting = `
  const logits = [];
  for (let turn = 0; turn < 4; turn += 1) {
    // One that is disposed of while its calls wait between those of the other threads.
    const other = new Classifier({ classes: ['a', 'b'], imageSize: ${edge}, seed: null });
    const calls = [other.trainStep(labelled, options), classifier.predict(photos), other.predict(photos)];
    other.dispose();
    const [, told] = await Promise.all(calls);
    logits.push(told);
  }
  classifier.dispose();
  parentPort.postMessage(logits);
`;

test('each gets what it would get alone, while others train and end', async () => {
  const seeds = [11, 12, 13];
  const threads = seeds.map((seed) => start(seed, predicting));
  const told = await Promise.all(threads.map((thread) => once(thread, 'message')));
  for (const [index, seed] of seeds.entries()) {
    const alone = new Classifier({ classes, imageSize: edge, seed });
    const expected = await alone.predict(photos);
    alone.dispose();
    for (const logits of told[index]?.[0] ?? []) assert.equal(logits, expected, `seed ${seed}`);
    assert.is(told[index]?.[0].length, 4);
  }
  await Promise.all(threads.map((thread) => thread.terminate()));
});

test('one that is ended while its calls run and wait leaves the others', async () => {
  const kept = new Classifier({ classes, imageSize: edge, seed: 5 });
  const expected = await kept.predict(photos);
  for (let turn = 0; turn < 3; turn += 1) {
    const thread = start(
      turn,
      `for (let call = 0; call < 20; call += 1) classifier.trainStep(labelled, options).catch(() => {});
       parentPort.postMessage('posted');`,
    );
    await once(thread, 'message');
    const waiting = kept.predict(photos);
    await thread.terminate();
    assert.equal(await waiting, expected);
  }
  kept.dispose();
});

test.run();
