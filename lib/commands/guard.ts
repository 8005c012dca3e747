import type { CatalogPhoto } from '../catalog/catalog.js';
import { defaultSeed, type Settings } from '../config.js';
import { eventLog, eventLogName } from '../faces/event-log.js';
import { setThreads } from '../model/classifier.js';
import { isImageNetFetched, loadWeights } from '../model/weights.js';
import { PixelCache } from '../photos/cache.js';
import { PhotoReader } from '../photos/reader.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import { Run } from '../runs.js';
import type { Store } from '../store/store.js';
import { doubting } from './doubting.js';
import type { Context, Stages } from './drive.js';
import { guarding } from './guarding.js';
import { gather } from './places.js';

/** Duplicate groups, leaks and doubtful labels of `--data`, or of what the catalog holds. */
export const guard: Stages = async function* (settings, context) {
  const { photos, store } = yield* gather(settings, context);
  const run = await Run.create(settings.runs);
  context.addReader(eventLog(run.pathOf(eventLogName)));
  const { kept } = yield* guarding(photos, settings, run);
  yield* doubtingWithoutTraining(kept, store, settings, run, context);
  context.signal.throwIfAborted();
};

/** By weights that are at hand; nothing is fetched for it. */
async function* doubtingWithoutTraining(
  photos: CatalogPhoto[],
  store: Store,
  settings: Settings,
  run: Run,
  { signal }: Context,
): AsyncGenerator<GillnetEvent, void> {
  const { weights: source = 'imagenet', seed = defaultSeed } = settings;
  if (settings.trustLabels || source === 'none') return;
  if (source === 'imagenet' && !(await isImageNetFetched())) {
    yield event('warning', {
      code: 'WEIGHTS_UNAVAILABLE',
      message:
        'Labels were not looked at: it takes pretrained weights, and those of ImageNet were never fetched. ' +
        'Give others with `--weights FILE`.',
    });
    return;
  }
  const weights = await loadWeights(source, signal);
  setThreads(settings.threads);
  const reader = new PhotoReader(store, new PixelCache(0));
  yield* doubting({ weights, photos, reader, seed, run, signal });
}
