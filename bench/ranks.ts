import { parseArgs } from 'node:util';
import { Classifier, setThreads } from '../lib/model/classifier.js';
import { parameterCount } from '../lib/model/state.js';
import { placementOf } from '../lib/ranks/placement.js';
import { Ranks } from '../lib/ranks/ranks.js';

/*
 * What several ranks cost and gain in a step of ResNet-18: each process is started as a rank is.
 *   RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=29500 node dist/bench/ranks.js [--batch 32] [--size 224] [--steps 10]
 * Rank 0 prints the medians, in milliseconds: of a step without photos, which is the exchange of all gradients and little
 * else; of a step on the whole batch alone, while the others stand still; and of the same batch shared.
 */

const { values } = parseArgs({
  options: {
    batch: { type: 'string', default: '32' },
    size: { type: 'string', default: '224' },
    steps: { type: 'string', default: '10' },
    threads: { type: 'string', default: '1' },
  },
});
const [batch, size, steps] = [Number(values.batch), Number(values.size), Number(values.steps)];
setThreads(Number(values.threads));
const placement = placementOf();
if (!placement)
  throw new Error('Start it as several ranks: set RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT.');
const { signal } = new AbortController();
const ranks = await Ranks.join(placement, { seconds: 120, signal });
await ranks.connect(signal);
const classifier = new Classifier({ classes: ['a', 'b', 'c', 'd', 'e'], imageSize: size });
const options = { learningRate: 1e-4 };

const photos = (count: number, edge: number) => ({
  ...{ pixels: new Uint8Array(count * edge * edge * 3), count, height: edge, width: edge },
  labels: new Int32Array(count),
});

async function median(work: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  await work();
  for (let step = 0; step < steps; step += 1) {
    const began = performance.now();
    await work();
    taken.push(performance.now() - began);
  }
  return taken.sort((a, b) => a - b)[Math.floor(steps / 2)] as number;
}

const empty = photos(0, 32);
const exchange = await median(() =>
  ranks.trainStep(classifier, empty, { ...options, imageSize: 32 }),
);
const whole = photos(batch, size);
const alone = ranks.leads ? await median(() => classifier.trainStep(whole, options)) : 0;
await ranks.leaveWord(`measured/${ranks.rank}`, '');
await ranks.word('measured/0');
const share = photos(
  Math.floor((batch * (ranks.rank + 1)) / ranks.size) -
    Math.floor((batch * ranks.rank) / ranks.size),
  size,
);
const shared = await median(() => ranks.trainStep(classifier, share, options));
if (ranks.leads) {
  const bytes = 4 * parameterCount(await classifier.state());
  const figures = { ranks: ranks.size, batch, size, bytes, exchange, alone, shared };
  process.stdout.write(
    `${JSON.stringify({ ...figures, efficiency: alone / shared / ranks.size })}\n`,
  );
  await ranks.end({ interrupted: false });
} else {
  await ranks.outcome();
}
await ranks.leave();
classifier.dispose();
