import type { CatalogPhoto } from '../catalog/catalog.js';
import { Classifier, setThreads } from '../model/classifier.js';
import { event } from '../pipeline/events.js';
import { Pictures } from '../pipeline/pictures.js';
import { Run } from '../runs.js';
import { deviceOf, deviceToPredict } from './computing.js';
import type { Stages } from './drive.js';
import { evaluating } from './evaluating.js';
import { gatherToJudge, seenBy } from './judged-photos.js';
import { modelAt } from './models/model-at.js';
import { readerOf } from './places.js';
import { recording } from './recording.js';

/** The model on the whole of `--split`, or of the photos in `--data`. */
export const evaluate: Stages = async function* (settings, context) {
  const { signal } = context;
  const model = await modelAt(settings, context);
  const { leaks = 0 } = model.description;
  if (leaks > 0) {
    yield event('warning', {
      code: 'LEAKED_MODEL',
      message:
        `${model.name} was trained under \`--policy allow\` with ${leaks} photos that judge it: ` +
        'figures on the data that it was trained from flatter it.',
    });
  }
  const judged = yield* gatherToJudge(settings, context);
  const seen = yield* seenBy(model, judged, settings, signal);
  judged.fingerprints.close();
  const run = await Run.create(settings.runs);
  const report = await recording(run, context);
  setThreads(settings.threads);
  const { int8, device: asked } = settings;
  const { device } = int8 ? await deviceToPredict(asked) : yield* deviceOf(asked);
  const classifier = await Classifier.of(model, { int8, device });
  try {
    const reader = readerOf(judged.store, settings);
    const size = classifier.imageSize;
    const options = {
      ...{ classifier, model: model.name, size, signal, split: judged.name, int8 },
      photos: judged.photos.map((photo) => ({ ...photo, seen: seen.has(photo) })),
      read: (photo: CatalogPhoto) => reader.pixels(photo, size, classifier.resize),
      pictures: new Pictures((photo) => reader.thumbnail(photo)),
    };
    yield* evaluating(options, run, report);
  } finally {
    classifier.dispose();
  }
};
