import './small-network.js';
import * as assert from 'uvu/assert';
import { loadAddon } from '../../lib/native.js';
import { joined, parted, toldBy } from './ranks.js';

/*
 * Twenty steps of ResNet-18 at 64² on eight photos, one of them on three, of which one of four ranks gets none: by
 * statistics that are frozen, as on pretrained weights, and by those of all ranks' photos. Each process has its share.
 * Rates are low where batch norms go by so few photos: one process of the whole network that gets the same photos in reverse
 * order is 1e-4 apart after ten steps with a factor of 1 everywhere. The last mode computes by the operations that a card is given.
 */
const training = `
  const { noisyPixels } = await import('${new URL('./native.js', import.meta.url)}');
  const size = 64;
  const photos = Array.from({ length: 8 }, (_, at) =>
    Uint8Array.from(noisyPixels(size * size * 3, at), (value, i) => value / 2 + 100 * ((at + (i >> 9)) % 3 === 0)));
  const part = (count, { rank, size }) =>
    Array.from({ length: count }, (_, at) => at)
      .slice(Math.floor((count * rank) / size), Math.floor((count * (rank + 1)) / size));
  const batchOf = (places) => ({
    pixels: Buffer.concat(places.map((at) => photos[at])), count: places.length, height: size, width: size,
    labels: Int32Array.from(places, (at) => at % 3),
  });
  async function curve(given, step) {
    const classifier = new Classifier({ classes: ['a', 'b', 'c'], imageSize: size, seed: 1, optimizer: given.optimizer, device: given.device });
    const trained = [];
    for (let at = 0; at < 20; at += 1) {
      const count = at === 1 ? 3 : 8;
      const { loss, correct, count: counted } = await step(classifier, count, { labelSmoothing: 0.1, ...given });
      trained.push({ loss, correct, count: counted });
    }
    const state = await classifier.state();
    const bytes = Buffer.concat(Object.entries(state).filter(([name]) => !/running|tracked/.test(name) || given.syncBatchNorm).map(([, { data }]) => data));
    const { createHash } = await import('node:crypto');
    classifier.dispose();
    return { trained, weights: createHash('sha256').update(bytes).digest('hex') };
  }
`;
/** Whose fused optimisers are for cards alone. */
const is1x = loadAddon().libtorchVersion.startsWith('1.');
const modes = `[
  {
    ...{ frozenStatistics: true, factors: Float32Array.of(0, 0, 0, 1, 0, 1) },
    ...{ optimizer: { algorithm: 'adamw', weightDecay: 0.05 }, learningRate: 6e-5 },
  },
  {
    ...{ syncBatchNorm: true, factors: Float32Array.of(0.02, 0.02, 0.02, 1, 0, 1) },
    ...{ optimizer: { algorithm: 'sgd', momentum: 0.9 }, learningRate: 2e-4 },
  },
  ...(${is1x} ? [] : [{
    ...{ frozenStatistics: true, factors: Float32Array.of(0, 0, 0, 1, 0, 1), device: 'plain' },
    ...{ optimizer: { algorithm: 'adamw', weightDecay: 0.05 }, learningRate: 6e-5 },
  }]),
]`;

interface Curve {
  trained: { loss: number; correct: number; count: number }[];
  /** SHA-256 */
  weights: string;
}

/** As many processes as `size` meet, know what the others have, and train as one does, within 1e-5 of the loss over 20 steps. */
export async function trainAsOne(size: number): Promise<void> {
  const [alone = []] = (await toldBy(
    1,
    `${training}
    const whole = { rank: 0, size: 1 };
    for (const mode of ${modes})
      tell(await curve(mode, (classifier, count, options) => classifier.trainStep(batchOf(part(count, whole)), options)));`,
  )) as Curve[][];
  assert.is(alone.length, is1x ? 2 : 3);
  const told = (await toldBy(
    size,
    `${training}${joined}
    const first = await ranks.first({ from: ranks.rank });
    const all = await ranks.gather(Buffer.from('x'.repeat(ranks.rank)));
    const none = await ranks.gather(new Uint8Array());
    tell([first, all.map((bytes) => Buffer.from(bytes).toString()), none.map(({ length }) => length)]);
    for (const mode of ${modes})
      tell(await curve(mode, (classifier, count, options) => ranks.trainStep(classifier, batchOf(part(count, ranks)), options)));
    await ranks.first(null);
    ${parted}`,
  )) as [met: unknown, ...Curve[]][];
  const had = Array.from({ length: size }, (_, rank) => 'x'.repeat(rank));
  const curves = told.map(([met, ...lines], rank) => {
    assert.equal(met, [{ from: 0 }, had, had.map(() => 0)]);
    assert.equal(lines.splice(alone.length), rank === 0 ? [] : [{ interrupted: false }]);
    return lines;
  });
  alone.forEach(({ trained }, mode) => {
    const [first, ...others] = curves.map((each) => each[mode]);
    trained.forEach(({ loss, correct, count }, step) => {
      const apart = Math.abs((first?.trained[step]?.loss ?? Number.NaN) - loss);
      const text = `step ${step} of ${size} ranks in mode ${mode}: ${apart} apart`;
      assert.ok(apart <= 1e-5, text);
      assert.is(first?.trained[step]?.correct, correct, text);
      assert.is(first?.trained[step]?.count, count, text);
    });
    // The loss has gone down, so that there was something to be equal in.
    assert.ok((trained[19]?.loss ?? 9) < 0.9 * (trained[0]?.loss ?? 0));
    for (const other of others) assert.equal(other, first);
  });
}
