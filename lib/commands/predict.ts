import { randomInt } from 'node:crypto';
import type { Settings } from '../config.js';
import type { Classifier } from '../model/classifier.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import {
  draw,
  type PhotoToPredict,
  predict as predictPhotos,
  toPredict,
  triedPhotos,
} from '../pipeline/predict.js';
import type { Context } from './drive.js';
import { readPhotoFile } from './photo-file.js';
import { withModel } from './with-model.js';

/** Ranked labels for files; without files for ten random test photos, as the original service does. */
export function predict(
  settings: Settings,
  context: Context,
  ...files: string[]
): AsyncGenerator<GillnetEvent> {
  let begun: PhotoToPredict[] = [];
  return withModel(
    settings,
    context,
    async function* (classifier, name) {
      const photos =
        files.length > 0 ? begun : yield* fromCatalog(settings, name, classifier, context);
      yield* predictPhotos({ classifier, photos, top: settings.top, signal: context.signal });
      context.signal.throwIfAborted();
    },
    async (description) => {
      // Sharp is loaded no sooner: it would wait for LibTorch, beside which the model has been read.
      await import('../photos/decode.js');
      begun = files.map((file, index) => fromFile(file, description, index === 0));
    },
  );
}

/** @param isFirst its decoding begins at once */
function fromFile(
  file: string,
  { imageSize, resize }: Pick<Classifier, 'imageSize' | 'resize'>,
  isFirst: boolean,
): PhotoToPredict {
  const read = async () => {
    const [bytes, { decode }] = await Promise.all([
      readPhotoFile(file),
      import('../photos/decode.js'),
    ]);
    return decode(bytes, imageSize, resize);
  };
  if (!isFirst) return { name: file, pixels: read };
  const pixels = read();
  // It is told where the pixels are asked for.
  pixels.catch(() => {});
  return { name: file, pixels: () => pixels };
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
