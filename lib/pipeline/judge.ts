import type { CatalogPhoto } from '../catalog/catalog.js';
import { isRight, type Judgement } from '../metrics/judgement.js';
import { softmax } from '../metrics/softmax.js';
import type { Classifier } from '../model/classifier.js';
import { batches } from '../photos/batches.js';
import { event, type GillnetEvent, type Stage } from './events.js';

/** Where a stage gets a photo's pixels from: uint8 [size, size, 3] of a size that the reader knows. */
export type ReadPixels = (photo: CatalogPhoto) => Promise<Uint8Array>;

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
}

export interface Judged {
  /** Mean cross-entropy, without temperature. */
  loss: number;
  accuracy: number;
  photos: CatalogPhoto[];
  /** By the classifier's temperature. */
  judgements: Judgement[];
  /** Of each photo, float32 [classes]. */
  logits: Float32Array[];
}

/** Model × photos → how each photo was judged. Photos that can't be read are told of and take no part. */
export async function* judge(options: JudgeOptions): AsyncGenerator<GillnetEvent, Judged> {
  const { classifier, photos, read, size, stage, between, signal } = options;
  const judged: Judged = { loss: 0, accuracy: 0, photos: [], judgements: [], logits: [] };
  let lossSum = 0;
  let correct = 0;
  const skipped: GillnetEvent[] = [];
  const onSkipped = (photo: CatalogPhoto, { message: reason }: Error) =>
    skipped.push(event('skipped', { photo: photo.key, reason }));
  const loading = { read, batchSize: judgeBatchSize, size, ahead: decodeAhead, signal, onSkipped };
  for await (const batch of batches(photos, loading)) {
    const truths = batch.items.map((photo) => classifier.classes.indexOf(photo.label));
    const { loss, logits } = await classifier.evaluate({
      ...batch,
      labels: Int32Array.from(truths),
    });
    lossSum += loss;
    const width = classifier.classes.length;
    for (const [index, truth] of truths.entries()) {
      const row = logits.subarray(index * width, (index + 1) * width);
      const judgement = { truth, confidences: softmax(row, classifier.temperature) };
      if (isRight(judgement)) correct += 1;
      judged.judgements.push(judgement);
      judged.logits.push(row);
    }
    judged.photos.push(...batch.items);
    yield* skipped.splice(0);
    if (stage) {
      yield event('progress', { stage, done: judged.photos.length, total: photos.length });
    }
    if (between) yield* between();
  }
  yield* skipped;
  const count = Math.max(1, judged.photos.length);
  return { ...judged, loss: lossSum / count, accuracy: correct / count };
}
