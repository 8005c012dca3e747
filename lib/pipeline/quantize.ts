import type { CatalogPhoto } from '../catalog/catalog.js';
import { quantile } from '../metrics/arithmetic.js';
import { infersInt8 } from '../model/int8.js';
import type { Int8 } from '../model/model-file.js';
import { batches } from '../photos/batches.js';
import { random } from '../random.js';
import { event, type GillnetEvent } from './events.js';
import { decodeAhead, type JudgeOptions, judge, judgeBatchSize } from './judge.js';

export interface QuantizeOptions extends Omit<JudgeOptions, 'photos' | 'stage' | 'between'> {
  /** Those to calibrate by; `mostPhotos` are drawn of them. */
  train: CatalogPhoto[];
  val: CatalogPhoto[];
  seed: number;
  /** Of validation in float32, 0…1. */
  float32Accuracy: number;
}

/** Photos to calibrate by. */
const mostPhotos = 256;
/** Share of the photos whose largest values are told apart: nearest to float32 (bench/int8.ts). */
const told = 0.99;
/** What validation accuracy may fall by: half a percentage point. */
const mostLost = 0.005;

/**
 * Model × photos → what it needs to infer in int8: the largest value of each convolution that is told apart. Null where
 * that costs too much accuracy, or, with a warning, can't be had here; null alone when it was stopped. The classifier
 * infers in float32 afterwards.
 */
export async function* quantize(
  options: QuantizeOptions,
): AsyncGenerator<GillnetEvent, Int8 | null> {
  if (!infersInt8()) {
    return yield* unquantized('int8 needs a processor with AVX2, and this one has none');
  }
  if (options.classifier.device === 'cpu') return yield* quantizing(options);
  // Int8 is the processor's, whatever has trained.
  const classifier = await options.classifier.onProcessor();
  try {
    return yield* quantizing({ ...options, classifier });
  } finally {
    classifier.dispose();
  }
}

async function* quantizing(options: QuantizeOptions): AsyncGenerator<GillnetEvent, Int8 | null> {
  const { classifier, train, val, seed, float32Accuracy, signal } = options;
  const drawn = random(seed, 'quantize').shuffle(train).slice(0, mostPhotos);
  yield event('stage', { stage: 'quantize', detail: `${drawn.length} photos of training` });
  const rows = yield* calibrating(drawn, options);
  if (signal?.aborted) return null;
  if (rows.length === 0) {
    return yield* unquantized('none of the photos to calibrate it by can be read');
  }
  const maxima = toldApart(rows);
  try {
    await classifier.quantize(Float32Array.from(maxima));
    const judged = yield* judge({ ...options, photos: val, stage: 'quantize' });
    if (signal?.aborted) return null;
    const { accuracy: valAccuracy } = judged;
    // Differences of shares are off by their last digits.
    const kept = float32Accuracy - valAccuracy < mostLost + 1e-9;
    yield event('quantized', { photos: rows.length, valAccuracy, float32Accuracy, kept });
    return kept ? { maxima, valAccuracy } : null;
  } finally {
    await classifier.quantize(null);
  }
}

/** @returns what each convolution gives at most of each photo, float32 [convolutions] */
async function* calibrating(
  drawn: CatalogPhoto[],
  { classifier, read, size, signal }: QuantizeOptions,
): AsyncGenerator<GillnetEvent, Float32Array[]> {
  const rows: Float32Array[] = [];
  const skipped: GillnetEvent[] = [];
  const onSkipped = (photo: CatalogPhoto, { message: reason }: Error) =>
    skipped.push(event('skipped', { photo: photo.key, reason }));
  const loading = { read, batchSize: judgeBatchSize, size, ahead: decodeAhead, signal, onSkipped };
  for await (const batch of batches(drawn, loading)) {
    const values = await classifier.calibrate(batch);
    const convolutions = values.length / batch.count;
    for (let start = 0; start < values.length; start += convolutions) {
      rows.push(values.subarray(start, start + convolutions));
    }
    yield* skipped.splice(0);
    yield event('progress', { stage: 'quantize', done: rows.length, total: drawn.length });
  }
  yield* skipped;
  return rows;
}

/** Where a convolution gives nothing above 0 there is nothing to tell apart. */
const smallest = 1e-6;

/** @param rows of each photo the largest value that each convolution gives */
function toldApart(rows: Float32Array[]): number[] {
  return Array.from(rows[0] ?? [], (_, place) => {
    const largest = Float64Array.from(rows, (row) => row[place] as number).sort();
    return Math.max(smallest, quantile(largest, told));
  });
}

async function* unquantized(reason: string): AsyncGenerator<GillnetEvent, null> {
  const message = `The model infers in float32 alone: ${reason}.`;
  yield event('warning', { code: 'NOT_QUANTIZED', message });
  return null;
}
