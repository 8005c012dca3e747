import * as assert from 'uvu/assert';
import { loadAddon } from '../lib/native.js';
import { failsWith } from './support/errors.js';
import { batch, logitsAgree, momentum, withClassifier } from './support/native.js';
import { runChild } from './support/native-process.js';
import { suite } from './support/suite.js';

const test = suite('native: inference');

/** Of every depth; edges that no layer halves evenly, and numbers of classes beside the kernels' own widths. */
const cases = [
  { architecture: 'resnet18', imageSize: 224, classes: 5, count: 3 },
  { architecture: 'resnet18', imageSize: 97, classes: 1000, count: 3 },
  { architecture: 'resnet18', imageSize: 33, classes: 2, count: 32 },
  { architecture: 'resnet34', imageSize: 65, classes: 17, count: 3 },
  { architecture: 'resnet50', imageSize: 97, classes: 33, count: 2 },
  { architecture: 'resnet50', imageSize: 32, classes: 2, count: 32 },
];

interface Answer {
  /** Of the initial weights, and after a step. */
  before: number[];
  logits: number[];
  /** Every seventh of them. */
  features: number[];
  maps: number[];
  /** How many photos at once give the bits that all of them do, and the same in int8; of kernels of our own. */
  same: number[];
  sameInt8: number[];
  /** Root mean square of what int8 changes in the features, of their own; null where there is none. */
  int8Error: number | null;
}

/** Of each column of [count, columns]. */
function largest(values: Float32Array, count: number): Float32Array {
  const columns = values.length / count;
  return Float32Array.from({ length: columns }, (_, column) =>
    Math.max(...values.filter((_, index) => index % columns === column)),
  );
}

/** What a process whose best kernels are `kernels` computes for each case. */
function inferWith(kernels: string): { kernels: string; answers: Answer[] } {
  const { stdout, ...rest } = runChild(`
    process.env.GILLNET_KERNELS = '${kernels}';
    const { loadAddon } = await import('${new URL('../lib/native.js', import.meta.url)}');
    const { noisyPixels } = await import('${new URL('./support/native.js', import.meta.url)}');
    // LibTorch's threads compute while they wait for each other; the kernels' own share out the work.
    setThreads(${kernels === 'none' ? 1 : 3});
    const largest = ${largest};
    const answers = [];
    for (const { architecture, imageSize, classes, count } of ${JSON.stringify(cases)}) {
      const classifier = new Classifier({
        ...{ architecture, imageSize, seed: 7, optimizer: { algorithm: 'sgd', momentum: 0.9 } },
        classes: Array.from({ length: classes }, (_, index) => 'class ' + index),
      });
      const values = imageSize * imageSize * 3;
      const pixels = noisyPixels(count * values, imageSize);
      const photos = (first, count) => ({
        ...{ pixels: pixels.slice(first * values, (first + count) * values), count, height: imageSize, width: imageSize },
        labels: Int32Array.from({ length: count }, (_, index) => (first + index) % classes),
      });
      const all = photos(0, count);
      const before = await classifier.predict(all);
      // The head alone: gradients that go through ReLUs turn on roundings, which differ between kernels.
      await classifier.trainStep(all, { learningRate: 1e-3, factors: Float32Array.of(0, 0, 0, 0, 0, 1) });
      const { logits, maps } = await classifier.explain(all);
      const features = await classifier.features(all);
      const sameAs = async (logits) => {
        const same = [];
        for (const step of [1, 2, count]) {
          const inParts = [];
          for (let first = 0; first < count; first += step)
            inParts.push(...(await classifier.predict(photos(first, Math.min(step, count - first)))));
          if (inParts.every((value, index) => value === logits[index])) same.push(step);
        }
        return same;
      };
      let [same, sameInt8, int8Error] = [[], [], null];
      if (loadAddon().kernels() !== 'none') {
        same = await sameAs(logits);
        const maxima = largest(await classifier.calibrate(all), count);
        await classifier.quantize(maxima);
        sameInt8 = await sameAs(await classifier.predict(all));
        const rough = await classifier.features(all);
        const squares = (values) => values.reduce((sum, value) => sum + value * value, 0);
        int8Error = Math.sqrt(squares(rough.map((value, i) => value - features[i])) / squares(features));
      }
      classifier.dispose();
      const some = features.filter((_, index) => index % 7 === 0);
      answers.push({
        ...{ before: [...before], logits: [...logits], features: [...some], maps: [...maps], same, sameInt8, int8Error },
      });
    }
    console.log(JSON.stringify({ kernels: loadAddon().kernels(), answers }));
  `);
  assert.equal(rest, { status: 0, signal: null, stderr: '' });
  return JSON.parse(stdout);
}

const features = loadAddon().processorFeatures();
/** `avx_vnni` differs from `avx2` in int8 alone. */
const sets = ['avx512', 'avx_vnni', 'avx2'].filter((set) => features.includes(set));

test('each set of kernels infers what LibTorch does', () => {
  const expected = inferWith('none');
  assert.is(expected.kernels, 'none');
  for (const set of sets) {
    const { kernels, answers } = inferWith(set);
    assert.is(kernels, set === 'avx512' ? set : 'avx2');
    answers.forEach((answer, index) => {
      const wanted = expected.answers[index] as Answer;
      for (const figure of ['before', 'logits', 'features', 'maps'] as const) {
        logitsAgree(Float32Array.from(answer[figure]), wanted[figure]);
      }
      assert.not.equal(answer.before, answer.logits, 'the step has changed the weights');
      const parts = [1, 2, cases[index]?.count];
      assert.equal([answer.same, answer.sameInt8], [parts, parts]);
      // Measured: 0.006 to 0.036 with weights of 8 bits, and 0.010 to 0.053 with 7.
      const error = answer.int8Error ?? Number.NaN;
      assert.ok(error > 1e-3 && error < 0.08, `${set} ${error}`);
    });
  }
});

test('int8 lasts until it is taken back or a weight changes', async () => {
  await withClassifier({ optimizer: momentum }, async (classifier) => {
    const exact = await classifier.predict(batch);
    if (loadAddon().kernels() === 'none') {
      await failsWith('INVALID_ARGUMENT', () => classifier.calibrate(batch));
      await failsWith('INVALID_ARGUMENT', () => classifier.quantize(new Float32Array(20).fill(1)));
      return;
    }
    const maxima = largest(await classifier.calibrate(batch), batch.count);
    assert.is(maxima.length, 20);
    assert.equal(await classifier.predict(batch), exact);
    await classifier.quantize(maxima);
    const rough = await classifier.predict(batch);
    assert.not.equal(rough, exact);
    assert.equal((await classifier.explain(batch)).logits, rough);
    await failsWith('INVALID_ARGUMENT', () => classifier.quantize(maxima.subarray(1)));
    await failsWith('INVALID_ARGUMENT', () => classifier.quantize(new Float32Array(20)));
    await failsWith('INVALID_ARGUMENT', () => classifier.quantize(new Float32Array(0)));
    await classifier.quantize(null);
    assert.equal(await classifier.predict(batch), exact);
    await classifier.quantize(maxima);
    await classifier.setState(await classifier.state());
    assert.equal(await classifier.predict(batch), exact);
  });
});

test.run();
