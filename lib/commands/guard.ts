import { defaultSeed, type Settings } from '../config.js';
import { Classifier, setThreads } from '../model/classifier.js';
import { fitWeights, isImageNetFetched, loadWeights } from '../model/weights.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import { Pictures } from '../pipeline/pictures.js';
import { Run } from '../runs.js';
import { type DoubtingInput, doubting } from './doubting.js';
import type { Stages } from './drive.js';
import { guarding } from './guarding.js';
import { gatherFingerprinted, readerOf } from './places.js';
import { recording } from './recording.js';

/** Edge in pixels: labels that are wrong are found as at 224², among few more that are not (bench/doubt.ts). */
const doubtSize = 160;

/** Duplicate groups, leaks and doubtful labels of `--data`, or of what the catalog holds. */
export const guard: Stages = async function* (settings, context) {
  const { photos, store } = yield* gatherFingerprinted(settings, context);
  const run = await Run.create(settings.runs);
  await recording(run, context);
  // Each photo is read once.
  const reader = readerOf(store, { ...settings, cache: 0 });
  const pictures = new Pictures((photo) => reader.thumbnail(photo));
  const { signal } = context;
  const kept = yield* guarding({ photos, pictures, settings, run, signal });
  yield* doubtingWithoutTraining({ photos: kept, reader, pictures, run, signal }, settings);
  signal.throwIfAborted();
};

/** By weights that are at hand; nothing is fetched for it. */
async function* doubtingWithoutTraining(
  input: Omit<DoubtingInput, 'classifier' | 'size' | 'seed'>,
  settings: Settings,
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
  const { state } = await loadWeights(source, input.signal);
  setThreads(settings.threads);
  const classifier = new Classifier({ classes: ['any'], imageSize: doubtSize });
  try {
    await classifier.setState(fitWeights(state, await classifier.state()));
    yield* doubting({ ...input, classifier, size: doubtSize, seed });
  } finally {
    classifier.dispose();
  }
}
