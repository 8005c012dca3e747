import type { Split } from '../catalog/catalog.js';
import { Classifier, setThreads } from '../model/classifier.js';
import { decodeManifest } from '../model/manifest.js';
import type { PhotoReader } from '../photos/reader.js';
import { type Compared, compare } from '../pipeline/compare.js';
import { event } from '../pipeline/events.js';
import { listedIn } from '../pipeline/seen.js';
import type { Stages } from './drive.js';
import { modelAt } from './model-at.js';
import { gatherToJudge, readerOf } from './places.js';

/** Two models on the photos of `--split`, or of those in `--data`. */
export function comparing(first: string, second: string): Stages {
  return async function* (settings, context) {
    const split = settings.split as Split;
    // Read before the photos, which take longer: a slip in a name is told at once.
    const models = [
      await modelAt({ ...settings, model: first }, context),
      await modelAt({ ...settings, model: second }, context),
    ];
    const data = yield* gatherToJudge(settings, context, split);
    const reader = readerOf(data.store, settings);
    setThreads(settings.threads);
    const opened: Classifier[] = [];
    try {
      const compared: Compared[] = [];
      for (const model of models) {
        const classifier = await Classifier.of(model);
        opened.push(classifier);
        compared.push(comparedBy(model, classifier, reader));
      }
      for (const { name, hasSeen } of compared) {
        const seen = data.photos.filter(hasSeen).length;
        if (seen === 0) continue;
        const message = `${name} was trained on ${seen} of these ${data.photos.length} photos, which flatters it.`;
        yield event('warning', { code: 'SEEN_PHOTOS', message });
      }
      const [a, b] = compared as [Compared, Compared];
      const { signal } = context;
      const named = { photos: data.photos, split: settings.data ?? split, signal };
      yield* compare({ first: a, second: b, ...named });
    } finally {
      for (const classifier of opened) classifier.dispose();
    }
  };
}

function comparedBy(
  { name, manifest }: Awaited<ReturnType<typeof modelAt>>,
  classifier: Classifier,
  reader: PhotoReader,
): Compared {
  return {
    ...{ name, classifier },
    read: (photo) => reader.pixels(photo, classifier.imageSize),
    hasSeen: listedIn(manifest ? decodeManifest(manifest) : []),
  };
}
