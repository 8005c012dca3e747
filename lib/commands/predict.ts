import { randomInt } from 'node:crypto';
import type { Settings } from '../config.js';
import { Classifier, setThreads } from '../model/classifier.js';
import { readModel } from '../model/registry.js';
import { decode } from '../photos/decode.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import {
  draw,
  type PhotoToPredict,
  predict as predictPhotos,
  toPredict,
  triedPhotos,
} from '../pipeline/predict.js';
import type { Context, Stages } from './drive.js';
import { readPhotoFile } from './photo-file.js';
import { storeAt } from './store-at.js';

/** Ranked labels for files; without files for ten random test photos, as the original service does. */
export function predict(files: string[]): Stages {
  return async function* (settings, context) {
    const models = await storeAt(settings.models, settings, context);
    const model = await readModel(models, settings.model);
    setThreads(settings.threads);
    const classifier = await Classifier.of(model);
    try {
      const photos =
        files.length > 0
          ? files.map((file) => fromFile(file, classifier.imageSize))
          : yield* fromCatalog(settings, model.name, classifier.imageSize, context);
      yield* predictPhotos({ classifier, photos, top: settings.top, signal: context.signal });
    } finally {
      classifier.dispose();
    }
  };
}

function fromFile(file: string, size: number): PhotoToPredict {
  return {
    name: file,
    pixels: async () => decode(await readPhotoFile(file), size),
  };
}

/** Loaded only here, so that files are predicted without a catalog's weight. */
async function* fromCatalog(
  settings: Settings,
  model: string,
  size: number,
  context: Context,
): AsyncGenerator<GillnetEvent, PhotoToPredict[]> {
  const { gather, readerOf } = await import('./places.js');
  const { photos, store } = yield* gather(settings, context, 'test');
  const reader = readerOf(store, settings);
  const seed = settings.seed ?? randomInt(2 ** 32);
  const drawn = draw(photos, triedPhotos, seed);
  yield event('stage', {
    stage: 'predict',
    detail: `${drawn.length} random photos of test by ${model}; the same ones again with --seed ${seed}`,
  });
  return toPredict(drawn, (photo) => reader.pixels(photo, size));
}
