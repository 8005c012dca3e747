/**
 * Up to which value int8 should tell apart what a convolution gives: a model's logits of its validation photos in int8,
 * beside those in float32, by what is taken of the largest values that 256 of its training photos give.
 *
 *   [GILLNET_KERNELS=avx2] node dist/bench/int8.js --model FILE --data FOLDER
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { mean, quantile } from '../lib/metrics/arithmetic.js';
import { argmax } from '../lib/metrics/softmax.js';
import { Classifier, setThreads } from '../lib/model/classifier.js';
import { decodeManifest, type ManifestPhoto } from '../lib/model/manifest.js';
import { decodeModel } from '../lib/model/model-file.js';
import type { NativeBatch } from '../lib/native.js';
import { decode } from '../lib/photos/decode.js';
import { random } from '../lib/random.js';

const { values: flags } = parseArgs({
  options: { model: { type: 'string' }, data: { type: 'string' } },
});
const { model: file, data } = flags;
if (!file || !data) throw new Error('Give --model FILE and --data FOLDER');
setThreads(undefined);
const model = decodeModel(await readFile(file), file);
const photos = decodeManifest(model.manifest ?? Buffer.alloc(0));
const classifier = await Classifier.of(model);
const { imageSize: size, resize, classes } = classifier;

async function batchesOf(some: ManifestPhoto[]): Promise<NativeBatch[]> {
  const made: NativeBatch[] = [];
  for (let first = 0; first < some.length; first += 32) {
    const pixels = await Promise.all(
      some
        .slice(first, first + 32)
        .map(async ({ key }) =>
          decode(await readFile(path.join(data as string, key)), size, resize),
        ),
    );
    const count = pixels.length;
    made.push({ pixels: Buffer.concat(pixels), count, height: size, width: size });
  }
  return made;
}

/** Of each photo, float32 [classes]. */
async function logitsOf(batches: NativeBatch[]): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  for (const batch of batches) {
    const logits = await classifier.predict(batch);
    for (let row = 0; row < batch.count; row += 1) {
      rows.push(logits.subarray(row * classes.length, (row + 1) * classes.length));
    }
  }
  return rows;
}

/** Of each convolution, one of each photo, ascending. */
const largest: number[][] = [];
const training = photos.filter(({ role }) => role === 'train');
for (const batch of await batchesOf(random(1, 'quantize').shuffle(training).slice(0, 256))) {
  const maxima = await classifier.calibrate(batch);
  const convolutions = maxima.length / batch.count;
  for (const [index, value] of maxima.entries()) {
    const place = index % convolutions;
    largest[place] ??= [];
    largest[place].push(value);
  }
}
const share = (part: number) => (values: number[]) =>
  quantile(Float64Array.from(values).sort(), part);
const ways: Record<string, (values: number[]) => number> = {
  mean: (values) => mean(values) ?? Number.NaN,
  ...{ '50 %': share(0.5), '75 %': share(0.75), '90 %': share(0.9), '95 %': share(0.95) },
  ...{ '99 %': share(0.99), maximum: share(1) },
};

const judging = photos.filter(({ role }) => role === 'val');
const batches = await batchesOf(judging);
const right = (rows: Float32Array[]) =>
  rows.filter((row, index) => classes[argmax(row)] === judging[index]?.label).length;
const exact = await logitsOf(batches);
const size32 = mean(exact.flatMap((row) => [...row.map(Math.abs)]));
console.log(
  `float32: ${right(exact)} of ${exact.length} right, mean |logit| ${size32?.toFixed(3)}`,
);
for (const [name, way] of Object.entries(ways)) {
  await classifier.quantize(Float32Array.from(largest, way));
  const rough = await logitsOf(batches);
  const apart = rough.flatMap((row, photo) =>
    [...row].map((logit, at) => Math.abs(logit - (exact[photo]?.[at] as number))),
  );
  const figures = `${mean(apart)?.toFixed(4)} apart in the mean, ${Math.max(...apart).toFixed(3)} at most`;
  console.log(`${name.padEnd(8)} ${figures}, ${right(rough)} right`);
}
classifier.dispose();
