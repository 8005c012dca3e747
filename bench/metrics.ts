/**
 * Seconds that the metrics of many photos take, the bootstrap included, and the fit of a temperature.
 *
 *   node dist/bench/metrics.js [--photos 10000] [--classes 100]
 */
import { parseArgs } from 'node:util';
import { metricsOf } from '../lib/metrics/metrics.js';
import { softmax } from '../lib/metrics/softmax.js';
import { fitTemperature } from '../lib/metrics/temperature.js';
import { random } from '../lib/random.js';

const { values } = parseArgs({
  options: {
    photos: { type: 'string', default: '10000' },
    classes: { type: 'string', default: '100' },
  },
});
const classCount = Number(values.classes);
const draw = random(1, 'bench');
const photos = Array.from({ length: Number(values.photos) }, () => {
  const truth = draw.integer(classCount);
  const logits = Float32Array.from(
    { length: classCount },
    (_, index) => draw.normal() + (index === truth ? 3 : 0),
  );
  return { truth, logits, confidences: softmax(logits) };
});

function timed(name: string, work: () => unknown): void {
  const began = performance.now();
  work();
  console.log(`${name}: ${((performance.now() - began) / 1000).toFixed(2)} s`);
}
for (let round = 1; round <= 3; round += 1) {
  timed('metrics', () => metricsOf(photos, classCount));
  timed('temperature', () => fitTemperature(photos));
}
