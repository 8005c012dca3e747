import { mapConcurrent } from '../concurrency.js';
import type { Classifier } from '../model/classifier.js';
import { heatOverThumbnail } from '../photos/heat.js';
import { event, type GillnetEvent } from './events.js';
import type { Judged, ReadPixels } from './judge.js';
import { type Mistake, mostWrong } from './most-wrong.js';
import { nothing, type Pictures } from './pictures.js';

/** Each costs a forward pass, and nobody looks at many. */
const mostShown = 12;
/** The network explains one photo while another's picture is made. */
const sideBySide = 2;

export interface MistakesOptions {
  classifier: Classifier;
  read: ReadPixels;
  /** Edge of what `read` gives, in pixels. */
  size: number;
  pictures: Pictures;
  signal?: AbortSignal | undefined;
}

/**
 * The most confident mistakes of an evaluation, each with what spoke for what was predicted. A photo that can't be
 * read again is left out.
 */
export async function* mistakes(
  judged: Judged,
  options: MistakesOptions,
): AsyncGenerator<GillnetEvent, void> {
  const { classifier, pictures } = options;
  const worst = mostWrong(judged, classifier.classes, mostShown);
  yield* pictures.of(worst.map(({ photo }) => photo));
  const heats = mapConcurrent(worst, sideBySide, async (mistake) => ({
    mistake,
    heat: await heatOf(mistake, options),
  }));
  for await (const { mistake, heat } of heats) {
    if (!heat) continue;
    const { key, split, label } = mistake.photo;
    const { predicted, confidence } = mistake;
    yield event('mistaken', {
      ...{ photo: key, split, label, predicted, confidence },
      heat: heat.toString('base64'),
    });
  }
}

async function heatOf({ photo, predicted }: Mistake, options: MistakesOptions) {
  const { classifier, read, size, pictures, signal } = options;
  const picture = pictures.told(photo);
  if (!picture || signal?.aborted) return null;
  const pixels = await read(photo).catch(nothing);
  if (!pixels) return null;
  const { maps, rows, columns } = await classifier.explain({
    ...{ pixels, count: 1, height: size, width: size },
    labels: Int32Array.of(classifier.classes.indexOf(predicted)),
  });
  return heatOverThumbnail(picture, { values: maps, rows, columns });
}
