import type { CatalogPhoto } from '../catalog/catalog.js';
import type { Classifier } from '../model/classifier.js';
import type { Recipe } from '../model/recipe.js';
import { batches } from '../photos/batches.js';
import { labelsOf, type ReadPixels } from './judge.js';
import type { Timing } from './proposal.js';
import { stepOptionsOf } from './recipes.js';

export interface MeasureOptions {
  /** Of this recipe; its weights change. */
  classifier: Classifier;
  /** To take the photos from. */
  photos: CatalogPhoto[];
  /** Pixels at the recipe's `decodeSize`. */
  read: ReadPixels;
  recipe: Recipe;
  /** Ends the measuring after the step under way. */
  signal?: AbortSignal | undefined;
}

/** The first step of a shape prepares LibTorch's kernels; of those behind it the fastest counts. */
const warmUps = 1;
const timedSteps = 2;

/**
 * Takes a few real steps with one batch of photos. Null when it was stopped, or no photo could be read.
 * @throws GillnetError OUT_OF_MEMORY, NON_FINITE_LOSS, and the reader's
 */
export async function measure(options: MeasureOptions): Promise<Timing | null> {
  const { classifier, photos, read, recipe, signal } = options;
  const { batchSize, decodeSize, learningRate } = recipe;
  const few = photos.slice(0, batchSize);
  const began = performance.now();
  const loading = { read, batchSize, size: decodeSize, ahead: few.length, signal };
  for await (const batch of batches(few, loading)) {
    const reading = (performance.now() - began) / 1000 / batch.count;
    const labelled = { ...batch, labels: labelsOf(batch.items, classifier.classes) };
    const steps: number[] = [];
    for (let index = 0; index < warmUps + timedSteps; index += 1) {
      const step = () => classifier.trainStep(labelled, stepOptionsOf(recipe, learningRate));
      steps.push(await secondsOf(step));
      if (signal?.aborted) return null;
    }
    // The first one behind a step packs its weights, once an epoch.
    await classifier.evaluate(labelled);
    const judging = await secondsOf(() => classifier.evaluate(labelled));
    // A batch that is not full, as some of its photos are broken, stands for one that is.
    const step = (Math.min(...steps.slice(warmUps)) * few.length) / batch.count;
    return { step, judgement: judging / batch.count, reading };
  }
  return null;
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
