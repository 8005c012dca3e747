import type { Settings } from '../../config.js';
import { Classifier, setThreads } from '../../model/classifier.js';
import { type Compared, compare } from '../../pipeline/compare.js';
import type { GillnetEvent } from '../../pipeline/events.js';
import { deviceOf } from '../computing.js';
import type { Context } from '../drive.js';
import { gatherToJudge, seenBy } from '../judged-photos.js';
import { readerOf } from '../places.js';
import { modelAt } from './model-at.js';

/** Two models on the photos of `--split`, or of those in `--data`. */
export async function* comparing(
  settings: Settings,
  context: Context,
  first: string,
  second: string,
): AsyncGenerator<GillnetEvent, void> {
  const { signal } = context;
  // Read before the photos, which take longer: a slip in a name is told at once.
  const models = [
    await modelAt(settings, context, first),
    await modelAt(settings, context, second),
  ];
  const judged = yield* gatherToJudge(settings, context);
  const reader = readerOf(judged.store, settings);
  setThreads(settings.threads);
  const { device } = yield* deviceOf(settings.device);
  const opened: Classifier[] = [];
  try {
    const compared: Compared[] = [];
    for (const model of models) {
      const seen = yield* seenBy(model, judged, settings, signal);
      const classifier = await Classifier.of(model, { device });
      opened.push(classifier);
      compared.push({
        ...{ name: model.name, classifier },
        read: (photo) => reader.pixels(photo, classifier.imageSize, classifier.resize),
        hasSeen: (photo) => seen.has(photo),
      });
    }
    judged.fingerprints.close();
    const [a, b] = compared as [Compared, Compared];
    const { photos, name: split } = judged;
    yield* compare({ first: a, second: b, photos, split, signal });
  } finally {
    for (const classifier of opened) classifier.dispose();
  }
}
