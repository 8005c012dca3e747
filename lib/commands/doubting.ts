import type { CatalogPhoto } from '../catalog/catalog.js';
import { codeOf, messageOf } from '../errors.js';
import type { Classifier } from '../model/classifier.js';
import type { PhotoReader } from '../photos/reader.js';
import { doubtsOf, featuresOf } from '../pipeline/doubt.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import type { GuardedPhoto } from '../pipeline/guard.js';
import type { Pictures } from '../pipeline/pictures.js';
import type { Run } from '../runs.js';

const listName = 'doubt.json';
/** Of the worst. */
const pictured = 12;

export interface DoubtingInput {
  /** Of pretrained weights. */
  classifier: Classifier;
  /** What the guard has left, of all splits. */
  photos: GuardedPhoto[];
  reader: PhotoReader;
  pictures: Pictures;
  /** Edge in pixels at which photos are read. */
  size: number;
  seed: number;
  run: Run;
  signal: AbortSignal;
}

/**
 * Tells of labels that are likely wrong and writes them into the run's folder. What goes wrong on the way is a warning:
 * nothing that follows needs the list. Silent once the signal is aborted.
 */
export async function* doubting(input: DoubtingInput): AsyncGenerator<GillnetEvent, void> {
  try {
    yield* toldDoubts(input);
  } catch (error) {
    if (input.signal.aborted) return;
    const message = `Labels could not be looked at: ${messageOf(error)}`;
    yield event('warning', { code: codeOf(error), message });
  }
}

async function* toldDoubts(input: DoubtingInput): AsyncGenerator<GillnetEvent, void> {
  const { classifier, photos, reader, pictures, size, seed, run, signal } = input;
  yield event('stage', { stage: 'doubt', detail: `labels of ${photos.length} photos` });
  const read = (photo: CatalogPhoto) => reader.pixels(photo, size);
  const seen = yield* featuresOf({ classifier, photos, read, size, signal });
  if (signal.aborted) return;
  const { checked, doubts } = await doubtsOf(seen, { seed, signal });
  const told = doubts.map(({ photo: { key: photo, split, label }, suggested, quality }) => ({
    ...{ photo, split, label, suggested, quality },
  }));
  await run.write(listName, `${JSON.stringify({ checked, photos: told }, null, 1)}\n`);
  yield* pictures.of(doubts.slice(0, pictured).map(({ photo }) => photo));
  yield event('doubted', { checked, photos: told, list: run.pathOf(listName) });
}
