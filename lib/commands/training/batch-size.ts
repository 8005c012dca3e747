import type { CatalogPhoto } from '../../catalog/catalog.js';
import { GillnetError } from '../../errors.js';
import { type Arithmetic, Classifier, type ClassifierOptions } from '../../model/classifier.js';
import type { Recipe } from '../../model/recipe.js';
import type { GillnetEvent } from '../../pipeline/events.js';
import { fittingBatch } from '../../pipeline/fitting-batch.js';
import { withBatches } from '../../pipeline/recipes.js';
import type { Partition } from './partition.js';
import type { TrainingInput } from './training.js';

/** The recipe, in batches of the size that is measured where one is asked for. @throws GillnetError OUT_OF_MEMORY, USAGE */
export async function* fitted(
  recipe: Recipe,
  computes: Arithmetic & Pick<ClassifierOptions, 'architecture' | 'device'>,
  { train, classes }: Partition,
  { reader, ranks, settings, context: { signal } }: TrainingInput,
): AsyncGenerator<GillnetEvent, Recipe> {
  if (settings.batchSize !== 'auto') return recipe;
  if (ranks) {
    throw new GillnetError(
      'USAGE',
      '`--batch-size auto` measures one process, and there are several ranks: give the batch of all of them as a number.',
    );
  }
  const { imageSize, decodeSize, optimizer } = recipe;
  const classifier = new Classifier({ classes, imageSize, optimizer, ...computes });
  try {
    const read = (photo: CatalogPhoto) => reader.pixels(photo, decodeSize);
    const size = yield* fittingBatch({ classifier, photos: train, read, recipe, signal });
    signal.throwIfAborted();
    const larger = withBatches(recipe, size);
    return { ...larger, learningRate: settings.lr ?? larger.learningRate };
  } finally {
    classifier.dispose();
  }
}
