import type { CatalogPhoto } from '../catalog/catalog.js';
import { isRight, type Judgement } from '../metrics/judgement.js';
import { softmax } from '../metrics/softmax.js';
import type { LabelledLogits } from '../metrics/temperature.js';
import type { Classifier } from '../model/classifier.js';
import { batches, type PhotoBatch } from '../photos/batches.js';
import { event, type GillnetEvent, type Stage } from './events.js';
import type { Together } from './together.js';

/** Where a stage gets a photo's pixels from: uint8 [size, size, 3] of a size that the reader knows. */
export type ReadPixels = (photo: CatalogPhoto) => Promise<Uint8Array>;

/** Each photo's label by its place among the classes: int32 [count]. */
export function labelsOf(photos: readonly { label: string }[], classes: string[]): Int32Array {
  return Int32Array.from(photos, ({ label }) => classes.indexOf(label));
}

/** Photos in one inference batch: larger ones gain nothing on a processor and hold memory. */
export const judgeBatchSize = 32;
/** Photos decoded ahead of the network. */
export const decodeAhead = 64;

export interface JudgeOptions {
  classifier: Classifier;
  photos: CatalogPhoto[];
  read: ReadPixels;
  /** Edge of what `read` gives, in pixels. */
  size: number;
  /** The stage whose progress this is. */
  stage?: Stage | undefined;
  /** What is to happen after each batch. */
  between?: (() => AsyncGenerator<GillnetEvent, void>) | undefined;
  signal?: AbortSignal | undefined;
  /** Other ranks that judge a share each; all get the whole. */
  together?: Together | undefined;
}

/** Confidences are by the classifier's temperature; logits, float32 [classes], without it. */
export interface JudgedPhoto extends Judgement, LabelledLogits {
  photo: CatalogPhoto;
}

export interface Judged {
  /** Mean cross-entropy, without temperature. */
  loss: number;
  accuracy: number;
  judgements: JudgedPhoto[];
}

/** Model × photos → how each photo was judged. Photos that can't be read are told of and take no part. */
export async function* judge(options: JudgeOptions): AsyncGenerator<GillnetEvent, Judged> {
  const { classifier, photos, read, size, stage, between, signal, together } = options;
  const judgements: JudgedPhoto[] = [];
  let lossSum = 0;
  const skipped: GillnetEvent[] = [];
  const onSkipped = (photo: CatalogPhoto, { message: reason }: Error) =>
    skipped.push(event('skipped', { photo: photo.key, reason }));
  const share = together?.ranks;
  const batchSize = judgeBatchSize * (share?.size ?? 1);
  const loading = { read, batchSize, size, ahead: decodeAhead, signal, share, onSkipped };
  const width = classifier.classes.length;
  for await (const batch of batches(photos, loading)) {
    const own = await judgeBatch(classifier, batch);
    for (const { loss, places, logits } of together ? await shared(own, together) : [own]) {
      lossSum += loss;
      for (const [index, place] of places.entries()) {
        const photo = photos[place] as CatalogPhoto;
        const row = logits.subarray(index * width, (index + 1) * width);
        const truth = classifier.classes.indexOf(photo.label);
        const confidences = softmax(row, classifier.temperature);
        judgements.push({ photo, truth, confidences, logits: row });
      }
    }
    await together?.agree();
    yield* skipped.splice(0);
    if (stage) yield event('progress', { stage, done: judgements.length, total: photos.length });
    if (between) yield* between();
  }
  yield* skipped;
  const count = Math.max(1, judgements.length);
  const correct = judgements.filter(isRight).length;
  return { loss: lossSum / count, accuracy: correct / count, judgements };
}

/** What one batch gave. */
interface JudgedBatch {
  /** Cross-entropy, summed. */
  loss: number;
  /** Of each photo its place among all. */
  places: number[];
  /** float32 [count, classes] */
  logits: Float32Array;
}

async function judgeBatch(
  classifier: Classifier,
  batch: PhotoBatch<CatalogPhoto>,
): Promise<JudgedBatch> {
  const { places } = batch;
  // A rank's share of the last one.
  if (batch.count === 0) return { loss: 0, places, logits: new Float32Array() };
  const labels = labelsOf(batch.items, classifier.classes);
  const { loss, logits } = await classifier.evaluate({ ...batch, labels });
  return { loss, places, logits };
}

/** What each rank's share of a batch gave, in their order. */
async function shared(own: JudgedBatch, together: Together): Promise<JudgedBatch[]> {
  const { loss, places, logits } = own;
  // The loss, one number for each place, the logits.
  const numbers = Float64Array.from([loss, places.length, ...places, ...logits]);
  const bytes = await together.gather(new Uint8Array(numbers.buffer));
  return bytes.map((each) => {
    const [loss = 0, count = 0, ...rest] = new Float64Array(each.slice().buffer);
    return { loss, places: rest.slice(0, count), logits: Float32Array.from(rest.slice(count)) };
  });
}
