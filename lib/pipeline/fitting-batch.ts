import { codeOf } from '../errors.js';
import { event, type GillnetEvent } from './events.js';
import { type MeasureOptions, measure } from './measure.js';

/** Steps that an epoch keeps at least, as a training learns by them. */
const leastSteps = 20;
/** Of the photos a second, for which the batch is doubled once more. */
const leastGain = 1.05;

/**
 * Measures steps on batches that double, from the recipe's on: of those that fit into memory and leave an epoch 20 steps,
 * the smallest beyond which a larger one gains less than 5 % of the photos a second.
 * @returns the recipe's where nothing could be measured
 * @throws GillnetError OUT_OF_MEMORY where the recipe's own doesn't fit
 */
export async function* fittingBatch(options: MeasureOptions): AsyncGenerator<GillnetEvent, number> {
  const { photos, recipe } = options;
  const tried: { batchSize: number; imagesPerSecond: number }[] = [];
  let best = { batchSize: recipe.batchSize, imagesPerSecond: 0 };
  let batchSize = recipe.batchSize;
  do {
    const rate = await rateOf(batchSize, options, tried.length > 0);
    if (rate === null) break;
    tried.push({ batchSize, imagesPerSecond: rate });
    if (rate < best.imagesPerSecond * leastGain) break;
    best = { batchSize, imagesPerSecond: rate };
    batchSize *= 2;
  } while (batchSize * leastSteps <= photos.length);
  if (tried.length > 0) yield event('fitted', { batchSize: best.batchSize, tried });
  return best.batchSize;
}

/** Photos trained on in a second; null where they don't fit, none could be read, or it was stopped. */
async function rateOf(
  batchSize: number,
  options: MeasureOptions,
  mayFail: boolean,
): Promise<number | null> {
  try {
    const timing = await measure({ ...options, recipe: { ...options.recipe, batchSize } });
    return timing && Math.min(batchSize, options.photos.length) / timing.step;
  } catch (error) {
    if (mayFail && codeOf(error) === 'OUT_OF_MEMORY') return null;
    throw error;
  }
}
