import type { CatalogPhoto, FingerprintedPhoto, Split } from '../catalog/catalog.js';
import { Classifier, setThreads } from '../model/classifier.js';
import { decodeManifest } from '../model/manifest.js';
import type { Model } from '../model/model-file.js';
import { event } from '../pipeline/events.js';
import { Pictures } from '../pipeline/pictures.js';
import { listedIn, seenAmong } from '../pipeline/seen.js';
import { Run } from '../runs.js';
import type { Stages } from './drive.js';
import { evaluating } from './evaluating.js';
import { nearDuplicatesOf } from './guarding.js';
import { modelAt } from './model-at.js';
import { extracting, gatherFingerprinted, readerOf, withCatalog } from './places.js';
import { recording } from './recording.js';
import { storeAt } from './store-at.js';

/** The model on the whole of `--split`, or of the photos in `--data`. */
export const evaluate: Stages = async function* (settings, context) {
  const { signal } = context;
  const { data } = settings;
  const split = settings.split as Split;
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
  const { photos, store } = yield* data === undefined
    ? gatherFingerprinted(settings, context)
    : withCatalog('sqlite::memory:', context, async function* (catalog) {
        const store = await storeAt(data, settings, context);
        yield* extracting({ store, catalog, unsplit: split, signal });
        return { photos: await catalog.fingerprinted(), store };
      });
  const judged = await judgedOf(photos, split, model, signal);
  const seen = judged.filter((photo) => photo.seen).length;
  if (seen > 0) {
    yield event('warning', {
      code: 'SEEN_PHOTOS',
      message:
        `${model.name} was trained on ${seen} of these ${judged.length} photos, or on versions of them: ` +
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
      read: (photo: CatalogPhoto) => reader.pixels(photo, size),
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

/** The photos of the split, each with whether the model's training has seen it. */
async function judgedOf(
  photos: FingerprintedPhoto[],
  split: Split,
  { manifest }: Model,
  signal: AbortSignal,
) {
  const listed = manifest ? decodeManifest(manifest) : [];
  const isListed = listedIn(listed);
  const judged = photos.filter((photo) => photo.split === split);
  const near =
    listed.length === 0
      ? []
      : await nearDuplicatesOf([...judged, ...photos.filter(isListed)], signal);
  const seen = seenAmong(photos, listed, near);
  return judged.map(({ fingerprint: _, ...photo }, index) => ({
    ...photo,
    seen: seen.has(judged[index] as FingerprintedPhoto),
  }));
}
