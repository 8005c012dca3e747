import type { CatalogPhoto } from '../../catalog/catalog.js';
import { codeOf, messageOf } from '../../errors.js';
import { architectureOf, defaultArchitecture } from '../../model/architecture.js';
import { Classifier } from '../../model/classifier.js';
import { fitWeights, type Weights } from '../../model/weights.js';
import type { NativeDevice } from '../../native.js';
import type { PhotoReader } from '../../photos/reader.js';
import { doubtsOf } from '../../pipeline/doubt.js';
import { event, type GillnetEvent, namedDoubts, picturedDoubts } from '../../pipeline/events.js';
import { type Features, featuresOf } from '../../pipeline/features.js';
import type { GuardedPhoto } from '../../pipeline/guard.js';
import type { Pictures } from '../../pipeline/pictures.js';
import type { Run } from '../../runs.js';

const listName = 'doubt.json';
/** Edge in pixels: as many wrong labels are found as at 224², among more that are right; below, fewer (bench/doubt.ts). */
const leastSize = 160;

export interface DoubtingInput {
  weights: Weights;
  /** What the guard has left, of all splits, as `featuresOf` takes it. */
  parts: GuardedPhoto[][];
  reader: PhotoReader;
  pictures: Pictures;
  /** Edge in pixels at which a training is going to read them. */
  imageSize?: number;
  seed: number;
  run: Run;
  signal: AbortSignal;
  /** Default the processor. */
  device?: NativeDevice;
}

/**
 * Tells of labels that look wrong and writes them into the run's folder. What goes wrong on the way is a warning:
 * nothing that follows needs the list. Silent once the signal is aborted.
 * @returns what the network saw of the photos at `imageSize`; null where it looked at another size, or failed
 * @throws GillnetError BAD_MODEL_FILE for weights of another architecture
 */
export async function* doubting(
  input: DoubtingInput,
): AsyncGenerator<GillnetEvent, Features | null> {
  const { weights, parts, reader, pictures, imageSize, seed, run, signal, device } = input;
  const size = Math.max(leastSize, imageSize ?? 0);
  const architecture = architectureOf(weights.state) ?? defaultArchitecture;
  const classifier = new Classifier({
    ...{ architecture, classes: ['any'], imageSize: size, device },
  });
  try {
    await classifier.setState(fitWeights(weights.state, await classifier.state(), architecture));
    yield event('stage', { stage: 'doubt', detail: `labels of ${parts.flat().length} photos` });
    // Kept in memory where the training finds them.
    const read = (photo: CatalogPhoto) =>
      size === imageSize ? reader.pixels(photo, size) : reader.pixelsOnce(photo, size);
    const seen = yield* featuresOf({ classifier, parts, read, size, stage: 'doubt', signal });
    if (signal.aborted) return null;
    const { checked, doubts } = await doubtsOf(seen, { seed, signal });
    const told = doubts.map(({ photo: { key: photo, split, label }, suggested, quality }) => ({
      ...{ photo, split, label, suggested, quality },
    }));
    await run.write(listName, `${JSON.stringify({ checked, photos: told }, null, 1)}\n`);
    yield* pictures.of(doubts.slice(0, picturedDoubts).map(({ photo }) => photo));
    yield event('doubted', {
      ...{ checked, found: told.length, photos: told.slice(0, namedDoubts) },
      list: run.pathOf(listName),
    });
    return size === imageSize ? seen : null;
  } catch (error) {
    if (signal.aborted) return null;
    if (codeOf(error) === 'BAD_MODEL_FILE') throw error;
    const message = `Labels could not be looked at: ${messageOf(error)}`;
    yield event('warning', { code: codeOf(error), message });
    return null;
  } finally {
    classifier.dispose();
  }
}
