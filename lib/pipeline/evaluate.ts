import type { CatalogPhoto } from '../catalog/catalog.js';
import { GillnetError } from '../errors.js';
import type { Judgement } from '../metrics/judgement.js';
import { metricsOf } from '../metrics/metrics.js';
import { calibrationError, reliabilityOf } from '../metrics/reliability.js';
import { softmax } from '../metrics/softmax.js';
import { event, type Figures, type GillnetEvent } from './events.js';
import type { GuardedPhoto } from './guard.js';
import { type JudgeOptions, judge } from './judge.js';
import { mistakes } from './mistakes.js';
import { Pictures } from './pictures.js';

export interface EvaluateOptions extends Omit<JudgeOptions, 'photos' | 'stage' | 'between'> {
  /** The model's name. */
  model: string;
  /** `seen` where training has seen a version of the photo; none by default. */
  photos: (CatalogPhoto & Partial<Pick<GuardedPhoto, 'seen'>>)[];
  /** What is judged, as the report names it: a split, or the folder of other photos. */
  split: string;
  /** Whether the classifier infers in int8; default false. */
  int8?: boolean | undefined;
  /** Of the most confident mistakes; without it those are not told. */
  pictures?: Pictures | undefined;
  /** Path of the report that the caller writes from the events. */
  report: string | null;
}

/**
 * Model × photos → metrics, over all of them.
 * @throws GillnetError NOT_ENOUGH_PHOTOS without photos that can be read, or with a label that the model doesn't know
 */
export async function* evaluate(options: EvaluateOptions): AsyncGenerator<GillnetEvent, void> {
  const { classifier, photos, model, split, report, int8 = false } = options;
  const { pictures = new Pictures() } = options;
  const unknown = photos.find((photo) => !classifier.classes.includes(photo.label));
  if (photos.length === 0 || unknown) {
    throw new GillnetError(
      'NOT_ENOUGH_PHOTOS',
      unknown
        ? `${unknown.key} is labelled ${unknown.label}; the model knows ${classifier.classes.join(', ')}. ` +
            'Judge it on photos of its own labels.'
        : `There is no photo to judge in ${split}. Expected ${split}/<label>/<photo> in the data.`,
    );
  }
  yield event('stage', {
    stage: 'evaluate',
    detail: `${photos.length} photos of ${split}${int8 ? ' in int8' : ''}`,
  });

  const { judgements } = yield* judge({ ...options, stage: 'evaluate' });
  options.signal?.throwIfAborted();
  if (judgements.length === 0) {
    throw new GillnetError(
      'NOT_ENOUGH_PHOTOS',
      `None of the ${photos.length} photos of ${split} could be read. Is the data still where it was extracted from?`,
    );
  }
  yield* mistakes(judgements, { ...options, pictures });
  options.signal?.throwIfAborted();
  const { perClass, ...metrics } = metricsOf(judgements, classifier.classes.length);
  const seen = new Set<CatalogPhoto>(photos.filter((photo) => photo.seen));
  const unseen = judgements.filter(({ photo }) => !seen.has(photo));
  const uncalibrated = judgements.map(({ truth, logits }) => ({
    truth,
    confidences: softmax(logits),
  }));
  yield event('evaluated', {
    ...{ model, split, int8, photos: judgements.length, ...metrics },
    classes: perClass.map((figures, index) => ({
      label: classifier.classes[index] as string,
      ...figures,
    })),
    temperature: classifier.temperature,
    eceUncalibrated: calibrationError(reliabilityOf(uncalibrated)),
    leaks: judgements.length - unseen.length,
    unseen: figuresOf(unseen, judgements.length, classifier.classes.length),
    report,
  });
}

/** Null where they are all photos, or none. */
function figuresOf(judgements: Judgement[], all: number, classCount: number): Figures | null {
  if (judgements.length === 0 || judgements.length === all) return null;
  const metrics = metricsOf(judgements, classCount);
  const { accuracy, accuracyInterval, balancedAccuracy, macroF1, macroF1Interval } = metrics;
  return {
    ...{ photos: judgements.length, accuracy, accuracyInterval },
    ...{ balancedAccuracy, macroF1, macroF1Interval },
  };
}
