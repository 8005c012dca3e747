import type { CatalogPhoto } from '../catalog/catalog.js';
import { event, type GillnetEvent } from './events.js';
import { type MeasureOptions, measure } from './measure.js';
import { estimate } from './proposal.js';

export interface FitIntoTimeOptions extends MeasureOptions {
  val: CatalogPhoto[];
  /** Ranks that share each batch; what they tell one another is not measured. */
  ranks: number;
  /** Seconds that are left. */
  left: () => number;
  /** Epochs that are planned, and those of them that are trained in any case. */
  epochs: number;
  least: number;
}

/**
 * How many of the planned epochs fit into the time that is left; null where nothing could be measured. The network is then
 * what it was, and its optimiser fresh.
 */
export async function* fittingIntoTime(
  options: FitIntoTimeOptions,
): AsyncGenerator<GillnetEvent, number | null> {
  const { classifier, photos: train, val, recipe, ranks, left, least } = options;
  const own = { ...recipe, batchSize: Math.ceil(recipe.batchSize / ranks) };
  const before = await classifier.state();
  const timing = await measure({ ...options, recipe: own }).finally(async () => {
    await classifier.setState(before);
    await classifier.setOptimizerState({});
  });
  if (!timing) return null;
  const photos = { train: train.length / ranks, val: val.length / ranks, held: true };
  const taking = (epochs: number) =>
    estimate(timing, photos, { ...own, headPenalty: null, epochs });
  const limit = left();
  let { epochs } = options;
  while (epochs > least && taking(epochs) > limit) epochs -= 1;
  yield event('planned', { epochs, of: options.epochs, seconds: epochs && taking(epochs) });
  return epochs;
}
