/**
 * How many validation photos a temperature needs to do more good than harm: of fits to few photos, whose true
 * temperature is known, the share that lowers the loss of other photos, and by how much the mean fit does.
 *
 *   node dist/bench/temperature.js [--fits 200]
 */
import { parseArgs } from 'node:util';
import { logLoss } from '../lib/metrics/proper-scores.js';
import { softmax } from '../lib/metrics/softmax.js';
import { fitTemperature, type LabelledLogits } from '../lib/metrics/temperature.js';
import { random } from '../lib/random.js';

const { values } = parseArgs({ options: { fits: { type: 'string', default: '200' } } });
const fits = Number(values.fits);
const draw = random(1, 'bench');

/** A network of this many classes; the more its scores differ, the more it is sure of. */
interface Network {
  classCount: number;
  spread: number;
  temperature: number;
}

function judged(count: number, { classCount, spread, temperature }: Network): LabelledLogits[] {
  return Array.from({ length: count }, () => {
    const scores = Array.from({ length: classCount }, () => spread * draw.normal());
    let left = draw.next();
    const truth = softmax(scores).findIndex((share) => {
      left -= share;
      return left < 0;
    });
    return { truth: Math.max(0, truth), logits: scores.map((score) => temperature * score) };
  });
}

function lossAt(photos: LabelledLogits[], temperature: number): number {
  const judgements = photos.map(({ truth, logits }) => ({
    truth,
    confidences: softmax(logits, temperature),
  }));
  return logLoss(judgements) ?? Number.NaN;
}

for (const [classCount, spread] of [
  [2, 3],
  [5, 2.5],
  [5, 5],
  [20, 3],
] as const) {
  for (const temperature of [1, 1.25, 1.5, 2]) {
    const network = { classCount, spread, temperature };
    const others = judged(4_000, network);
    const before = lossAt(others, 1);
    const row = [20, 30, 50, 100, 200].map((count) => {
      const gains = Array.from({ length: fits }, () => {
        const fitted = fitTemperature(judged(count, network));
        return fitted === null ? 0 : before - lossAt(others, fitted);
      });
      const better = gains.filter((gain) => gain > 0).length / fits;
      const gain = gains.reduce((a, b) => a + b, 0) / fits;
      return `${count}: ${(100 * better).toFixed(0)} % ${gain > 0 ? '+' : ''}${gain.toFixed(3)}`;
    });
    console.log(`${classCount} classes, temperature ${temperature}: ${row.join(' · ')}`);
  }
}
