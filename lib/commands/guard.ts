import { defaultSeed, type Settings } from '../config.js';
import { defaultArchitecture } from '../model/architecture.js';
import { setThreads } from '../model/classifier.js';
import { isImageNetFetched } from '../model/imagenet.js';
import { loadWeights } from '../model/weights.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import { Pictures } from '../pipeline/pictures.js';
import { Run } from '../runs.js';
import type { Stages } from './drive.js';
import { guarding } from './guarding.js';
import { gatherFingerprinted, readerOf } from './places.js';
import { recording } from './recording.js';
import { type DoubtingInput, doubting } from './training/doubting.js';

/** Duplicate groups, leaks and doubtful labels of `--data`, or of what the catalog holds. */
export const guard: Stages = async function* (settings, context) {
  const { store, ...gathered } = yield* gatherFingerprinted(settings, context);
  const run = await Run.create(settings.runs);
  await recording(run, context);
  const reader = readerOf(store, settings);
  const pictures = new Pictures((photo) => reader.thumbnail(photo));
  const { signal } = context;
  const kept = yield* guarding({ ...gathered, pictures, settings, run, signal });
  yield* doubtingWithoutTraining({ parts: [kept], reader, pictures, run, signal }, settings);
  signal.throwIfAborted();
};

/** By weights that are at hand; nothing is fetched for it. */
async function* doubtingWithoutTraining(
  input: Omit<DoubtingInput, 'weights' | 'seed'>,
  settings: Settings,
): AsyncGenerator<GillnetEvent, void> {
  const { weights: source = 'imagenet', seed = defaultSeed } = settings;
  if (settings.trustLabels || source === 'none') return;
  if (source === 'imagenet' && !(await isImageNetFetched(defaultArchitecture))) {
    yield event('warning', {
      code: 'WEIGHTS_UNAVAILABLE',
      message:
        'Labels were not looked at: it takes pretrained weights, and those of ImageNet were never fetched. ' +
        'Give others with `--weights FILE`.',
    });
    return;
  }
  const weights = await loadWeights(source, { signal: input.signal });
  setThreads(settings.threads);
  yield* doubting({ ...input, weights, seed });
}
