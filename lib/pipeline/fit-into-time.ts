import type { CatalogPhoto } from '../catalog/catalog.js';
import { event, type GillnetEvent } from './events.js';
import { type MeasureOptions, measure } from './measure.js';
import { estimate, type Timing } from './proposal.js';

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

/** How many of the planned epochs fit into the time that is left; null where nothing could be measured. */
export async function* fittingIntoTime(
  options: FitIntoTimeOptions,
): AsyncGenerator<GillnetEvent, number | null> {
  const { photos: train, val, recipe, ranks, left, least } = options;
  const own = { ...recipe, batchSize: Math.ceil(recipe.batchSize / ranks) };
  const timing = await measuredUnchanged({ ...options, recipe: own });
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

/** What was measured, after which the network is what it was, and its optimiser fresh. */
async function measuredUnchanged(options: MeasureOptions): Promise<Timing | null> {
  const { classifier } = options;
  const before = await classifier.state();
  try {
    return await measure(options);
  } finally {
    await classifier.setState(before);
    await classifier.setOptimizerState({});
  }
}
