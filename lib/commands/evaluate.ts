import type { Split } from '../catalog/catalog.js';
import { Classifier, setThreads } from '../model/classifier.js';
import { decodeManifest, seenIn } from '../model/manifest.js';
import { event } from '../pipeline/events.js';
import { Pictures } from '../pipeline/pictures.js';
import { Run } from '../runs.js';
import type { Stages } from './drive.js';
import { evaluating } from './evaluating.js';
import { modelAt } from './model-at.js';
import { extracting, gather, readerOf, withCatalog } from './places.js';
import { recording } from './recording.js';
import { storeAt } from './store-at.js';

/** The model on the whole of `--split`, or of the photos in `--data`. */
export const evaluate: Stages = async function* (settings, context) {
  const { signal } = context;
  const { data } = settings;
  const split = settings.split as Split;
  const model = await modelAt(settings, context);
  const { leaks = 0 } = model.description;
  const manifest = model.manifest && decodeManifest(model.manifest);
  if (leaks > 0) {
    yield event('warning', {
      code: 'LEAKED_MODEL',
      message:
        `${model.name} was trained under \`--policy allow\` with ${leaks} photos that judge it: ` +
        'figures on the data that it was trained from flatter it.',
    });
  }
  const { photos, store } =
    data === undefined
      ? yield* gather(settings, context, split)
      : yield* withCatalog('sqlite::memory:', context, async function* (catalog) {
          const store = await storeAt(data, settings, context);
          yield* extracting({ store, catalog, unsplit: split, signal });
          return { photos: await catalog.photos(), store };
        });

  const judged = seenIn(
    manifest ?? [],
    photos.filter((photo) => photo.split === split),
  );
  const seen = judged.filter((photo) => photo.seen).length;
  if (seen > 0) {
    yield event('warning', {
      code: 'SEEN_PHOTOS',
      message:
        `${model.name} was trained on ${seen} of these ${judged.length} photos, byte for byte or pixel for pixel: ` +
        'the figures flatter it. Those of the others stand beside them.',
    });
  }
  const run = await Run.create(settings.runs);
  const report = await recording(run, context);
  setThreads(settings.threads);
  const classifier = await Classifier.of(model);
  try {
    const reader = readerOf(store, settings);
    const size = classifier.imageSize;
    const options = {
      classifier,
      model: model.name,
      photos: judged,
      read: (photo: (typeof photos)[number]) => reader.pixels(photo, size),
      size,
      pictures: new Pictures((photo) => reader.thumbnail(photo)),
      signal,
      split: data ?? split,
    };
    yield* evaluating(options, run, report);
  } finally {
    classifier.dispose();
  }
};
