import { randomInt } from 'node:crypto';
import type { Settings } from '../config.js';
import type { Classifier } from '../model/classifier.js';
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
import { withModel } from './with-model.js';

/** Ranked labels for files; without files for ten random test photos, as the original service does. */
export function predict(files: string[]): Stages {
  return (settings, context) =>
    withModel(settings, context, async function* (classifier, name) {
      const photos =
        files.length > 0
          ? files.map((file) => fromFile(file, classifier))
          : yield* fromCatalog(settings, name, classifier, context);
      yield* predictPhotos({ classifier, photos, top: settings.top, signal: context.signal });
    });
}

function fromFile(file: string, { imageSize, resize }: Classifier): PhotoToPredict {
  return {
    name: file,
    pixels: async () => decode(await readPhotoFile(file), imageSize, resize),
  };
}

/** Loaded only here, so that files are predicted without a catalog's weight. */
async function* fromCatalog(
  settings: Settings,
  model: string,
  { imageSize, resize }: Classifier,
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
  return toPredict(drawn, (photo) => reader.pixels(photo, imageSize, resize));
}
