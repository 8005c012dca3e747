import type { CatalogPhoto } from '../catalog/catalog.js';
import { GillnetError } from '../errors.js';
import { wilson } from '../metrics/interval.js';
import { isRight, type Judgement } from '../metrics/judgement.js';
import { mcnemar, pairedInterval } from '../metrics/mcnemar.js';
import type { Classifier } from '../model/classifier.js';
import { type ChangedPhoto, type ComparedFigures, event, type GillnetEvent } from './events.js';
import { judge, type ReadPixels } from './judge.js';

/** One of the two models. */
export interface Compared {
  name: string;
  classifier: Classifier;
  /** Gives pixels of the classifier's size. */
  read: ReadPixels;
  /** True where its training has used the photo. */
  hasSeen: (photo: CatalogPhoto) => boolean;
}

export interface CompareOptions {
  first: Compared;
  second: Compared;
  photos: CatalogPhoto[];
  /** What the photos are, for people: a split, or the folder of other photos. */
  split: string;
  signal?: AbortSignal | undefined;
}

/**
 * Two models × the same photos → how they differ. Photos of a label that one of them doesn't know take no part, nor
 * those that can't be read.
 * @throws GillnetError NOT_ENOUGH_PHOTOS where no photo is left
 */
export async function* compare(options: CompareOptions): AsyncGenerator<GillnetEvent, void> {
  const { first, second, photos, split } = options;
  const models = [first, second] as const;
  yield* tellLabels(first, second);
  const known = photos.filter(({ label }) =>
    models.every(({ classifier }) => classifier.classes.includes(label)),
  );
  if (known.length === 0) throw nothingToCompare(options);

  const byFirst = yield* judged(first, known, options);
  const bySecond = yield* judged(second, known, options);
  const both = known.flatMap((photo) => {
    const [a, b] = [byFirst.get(photo), bySecond.get(photo)];
    return a && b ? [{ photo, first: a, second: b }] : [];
  });
  if (both.length === 0) throw nothingToCompare(options);

  const figures = (model: Compared, of: 'first' | 'second'): ComparedFigures => {
    const right = both.filter((pair) => isRight(pair[of])).length;
    const accuracyInterval = wilson(right, both.length);
    const seen = both.filter(({ photo }) => model.hasSeen(photo)).length;
    return { model: model.name, right, accuracy: right / both.length, accuracyInterval, seen };
  };
  const changed = (right: 'first' | 'second', wrong: 'first' | 'second'): ChangedPhoto[] =>
    both
      .filter((pair) => isRight(pair[right]) && !isRight(pair[wrong]))
      .map(({ photo, ...pair }) => ({
        ...{ photo: photo.key, split: photo.split, label: photo.label },
        first: top(first, pair.first),
        second: top(second, pair.second),
        seen: models.some(({ hasSeen }) => hasSeen(photo)),
      }))
      .sort((a, b) => b[wrong].confidence - a[wrong].confidence);
  const [worse, better] = [changed('first', 'second'), changed('second', 'first')];
  const paired = { photos: both.length, firstAlone: worse.length, secondAlone: better.length };
  const told: [ComparedFigures, ComparedFigures] = [
    figures(first, 'first'),
    figures(second, 'second'),
  ];
  const bothRight = told[0].right - worse.length;
  yield event('compared', {
    ...{ split, photos: both.length, models: told, bothRight },
    bothWrong: both.length - bothRight - worse.length - better.length,
    ...{ worse, better, difference: (better.length - worse.length) / both.length },
    differenceInterval: pairedInterval(paired),
    p: mcnemar(paired),
    unknown: photos.length - known.length,
  });
}

async function* judged(
  { name, classifier, read }: Compared,
  photos: CatalogPhoto[],
  { split, signal }: CompareOptions,
): AsyncGenerator<GillnetEvent, Map<CatalogPhoto, Judgement>> {
  yield event('stage', {
    stage: 'compare',
    detail: `${name} on ${photos.length} photos of ${split}`,
  });
  const size = classifier.imageSize;
  const judged = yield* judge({ classifier, photos, read, size, stage: 'compare', signal });
  signal?.throwIfAborted();
  return new Map(judged.judgements.map((judgement) => [judgement.photo, judgement]));
}

function top({ classifier }: Compared, { confidences }: Judgement) {
  const at = confidences.indexOf(Math.max(...confidences));
  return { label: classifier.classes[at] as string, confidence: confidences[at] as number };
}

/** Labels that only one of the two knows. */
async function* tellLabels(first: Compared, second: Compared): AsyncGenerator<GillnetEvent, void> {
  for (const [one, other] of [
    [first, second],
    [second, first],
  ] as const) {
    const alone = one.classifier.classes.filter((each) => !other.classifier.classes.includes(each));
    if (alone.length === 0) continue;
    const message = `${one.name} knows ${alone.join(', ')}, which ${other.name} does not: photos of those labels are not compared.`;
    yield event('warning', { code: 'OTHER_CLASSES', message });
  }
}

function nothingToCompare({ first, second, photos, split }: CompareOptions): GillnetError {
  const reason =
    photos.length === 0
      ? `There is no photo in ${split}.`
      : `None of the ${photos.length} photos of ${split} can be read and has a label that both models know: ` +
        `${first.name} knows ${first.classifier.classes.join(', ')}; ${second.name} ${second.classifier.classes.join(', ')}.`;
  return new GillnetError(
    'NOT_ENOUGH_PHOTOS',
    `${reason} Compare them on others with --data or --split.`,
  );
}
