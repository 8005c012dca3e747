import * as assert from 'uvu/assert';
import { runChild } from '../support/native-process.js';
import { suite } from '../support/suite.js';

// Steps and calls by the hundred: a soak rather than a test of what one does.
const test = suite('native: its memory');

/** In a process of its own: what other tests hold would hide what this one gives back. */
function measured(source: string): Record<string, number> {
  const { stdout, ...rest } = runChild(`
    const classifier = new Classifier({ classes: ['a', 'b'], imageSize: 96 });
    const count = 32;
    const pixels = Uint8Array.from({ length: count * 96 * 96 * 3 }, (_, i) => (i * i) % 251);
    const given = { pixels, count, height: 96, width: 96, labels: new Int32Array(count) };
    const steps = async (n) => {
      for (let i = 0; i < n; i += 1) await classifier.trainStep(given, options);
    };
    const megabytes = () => Math.round(process.memoryUsage.rss() / 2 ** 20);
    const faults = () => process.resourceUsage().minorPageFault;
    ${source}
  `);
  assert.equal(rest, { status: 0, signal: null, stderr: '' });
  return JSON.parse(stdout) as Record<string, number>;
}

const between = (name: string, value: number | undefined, low: number, high: number) =>
  assert.ok(value !== undefined && value >= low && value <= high, `${name}: ${value}`);

test('after the first steps memory neither grows nor is mapped anew, and dispose() gives it back', () => {
  const found = measured(`
    await steps(3);
    const [early, faultsEarly] = [megabytes(), faults()];
    await steps(6);
    const [late, faultsLate] = [megabytes(), faults()];
    classifier.dispose();
    // Its thread frees the tensors in its turn.
    const other = make();
    await other.predict(batch(1));
    const disposed = megabytes();
    console.log(JSON.stringify({
      growth: late - early, faultsPerStep: (faultsLate - faultsEarly) / 6, freed: late - disposed,
    }));
  `);
  between('growth in MB', found.growth, -200, 10);
  // The tensors of such a step are 220 MB, some 50,000 pages.
  between('faults a step', found.faultsPerStep, 0, 2000);
  between('freed MB', found.freed, 250, 2000);
});

test('sizes that change do not add up, and what is idle for two seconds is given back', () => {
  const found = measured(`
    const small = (count) => ({
      ...given, count, labels: new Int32Array(count), pixels: pixels.subarray(0, count * 96 * 96 * 3),
    });
    await steps(3);
    const before = megabytes();
    for (let count = 31; count > 1; count -= 2) await classifier.trainStep(small(count), options);
    await steps(1);
    const after = megabytes();
    await pause(3000);
    console.log(JSON.stringify({ growth: after - before, freed: after - megabytes() }));
  `);
  between('growth in MB', found.growth, -300, 250);
  between('freed MB', found.freed, 200, 2000);
});

test('a thousand calls take no more memory than a hundred', () => {
  const { stdout, ...rest } = runChild(`
    const classifier = new Classifier({ classes: ['a', 'b'], imageSize: 32 });
    const grown = [];
    // Made once: how much of what was dropped Node collects when is not in question.
    const batches = [1, 2, 3, 4, 5].map((count) => ({
      ...{ pixels: new Uint8Array(count * 32 * 32 * 3), count, height: 32, width: 32 },
    }));
    for (let call = 0; call < 1000; call += 1) {
      await classifier.predict(batches[call % 5]);
      if (call === 99 || call === 999) grown.push(process.memoryUsage().rss / 2 ** 20);
    }
    console.log(JSON.stringify(grown));
  `);
  assert.equal(rest, { status: 0, signal: null, stderr: '' });
  const [early, late] = JSON.parse(stdout) as [number, number];
  assert.ok(late - early < 16, `${early} MB after 100 calls and ${late} after 1,000`);
});

test.run();
