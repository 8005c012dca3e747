import type { CatalogPhoto } from '../catalog/catalog.js';
import { mapConcurrent } from '../concurrency.js';
import { isRight } from '../metrics/judgement.js';
import { argmax } from '../metrics/softmax.js';
import type { Classifier } from '../model/classifier.js';
import { heatOverThumbnail } from '../photos/heat.js';
import { event, type GillnetEvent } from './events.js';
import type { JudgedPhoto, ReadPixels } from './judge.js';
import { nothing, type Pictures } from './pictures.js';

/** Each costs a forward pass, and nobody looks at many. */
const mostShown = 12;
/** Pictures made side by side. */
const sideBySide = 4;

export interface Mistake {
  photo: CatalogPhoto;
  predicted: string;
  confidence: number;
}

/** The photos that the model is surest to be something else, `count` at most, the surest first. */
export function mostWrong(judgements: JudgedPhoto[], classes: string[], count: number): Mistake[] {
  return judgements
    .filter((judgement) => !isRight(judgement))
    .map(({ photo, confidences }) => {
      const at = argmax(confidences);
      return { photo, predicted: classes[at] as string, confidence: confidences[at] as number };
    })
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, count);
}

export interface MistakesOptions {
  classifier: Classifier;
  read: ReadPixels;
  /** Edge of what `read` gives, in pixels. */
  size: number;
  pictures: Pictures;
}

/**
 * The most confident mistakes of an evaluation, each with what spoke for what was predicted. A photo that can't be
 * read again is left out.
 */
export async function* mistakes(
  judgements: JudgedPhoto[],
  { classifier, read, size, pictures }: MistakesOptions,
): AsyncGenerator<GillnetEvent, void> {
  const { classes } = classifier;
  const worst = mostWrong(judgements, classes, mostShown);
  yield* pictures.of(worst.map(({ photo }) => photo));
  const found = await Promise.all(
    worst.map(async (mistake) => {
      const picture = pictures.told(mistake.photo);
      const pixels = picture && (await read(mistake.photo).catch(nothing));
      return pixels ? [{ ...mistake, picture, pixels }] : [];
    }),
  );
  const shown = found.flat();
  if (shown.length === 0) return;

  const { maps, rows, columns } = await classifier.explain({
    pixels: Buffer.concat(shown.map(({ pixels }) => pixels)),
    ...{ count: shown.length, height: size, width: size },
    labels: Int32Array.from(shown, ({ predicted }) => classes.indexOf(predicted)),
  });
  yield* mapConcurrent(shown.entries(), sideBySide, async ([index, mistake]) => {
    const { photo, predicted, confidence, picture } = mistake;
    const values = maps.subarray(index * rows * columns, (index + 1) * rows * columns);
    const heat = await heatOverThumbnail(picture, { values, rows, columns });
    return event('mistaken', {
      ...{ photo: photo.key, split: photo.split, label: photo.label, predicted, confidence },
      heat: heat.toString('base64'),
    });
  });
}
