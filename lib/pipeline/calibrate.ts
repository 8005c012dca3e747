import { thresholdOf } from '../metrics/selective.js';
import { softmax } from '../metrics/softmax.js';
import { fitTemperature } from '../metrics/temperature.js';
import { event, type GillnetEvent } from './events.js';
import { type JudgeOptions, judge } from './judge.js';

export type CalibrateOptions = Omit<JudgeOptions, 'stage' | 'between'>;

/** What makes a model's confidences agree with validation. */
export interface Calibration {
  /** What logits are divided by before their softmax. */
  temperature: number;
  /** Of the confidence that is told then: below it the model is not sure, see `thresholdOf`. */
  threshold: number;
}

/** The fewest that lower the loss on average of each network tried that is 1.5 times too sure (bench/temperature.ts). */
const leastPhotos = 50;

/**
 * Model × validation photos → the temperature that fits them best, and from which confidence on the model is sure. Null,
 * with a warning, where too few can be read or no temperature fits; null alone when it was stopped.
 */
export async function* calibrate(
  options: CalibrateOptions,
): AsyncGenerator<GillnetEvent, Calibration | null> {
  const { photos, signal } = options;
  if (photos.length < leastPhotos) {
    yield uncalibrated(tooFew(photos.length));
    return null;
  }
  yield event('stage', { stage: 'calibrate', detail: `${photos.length} photos of validation` });
  const { judgements, logits } = yield* judge({ ...options, stage: 'calibrate' });
  if (signal?.aborted) return null;
  const labelled = judgements.map(({ truth }, index) => ({
    truth,
    logits: logits[index] as Float32Array,
  }));
  const temperature = labelled.length < leastPhotos ? null : fitTemperature(labelled);
  if (temperature !== null) {
    const threshold = thresholdOf(
      labelled.map(({ truth, logits }) => ({ truth, confidences: softmax(logits, temperature) })),
    );
    yield event('calibrated', { photos: labelled.length, temperature, threshold });
    return { temperature, threshold };
  }
  if (labelled.length < leastPhotos) {
    yield uncalibrated(tooFew(labelled.length));
  } else {
    yield uncalibrated(
      'no temperature fits, as the model tells all validation photos right, or no more than by chance',
    );
  }
  return null;
}

function tooFew(photos: number): string {
  return `a temperature is fitted to ${leastPhotos} validation photos at least, and there are ${photos}`;
}

function uncalibrated(reason: string): GillnetEvent<'warning'> {
  return event('warning', {
    code: 'NOT_CALIBRATED',
    message: `The model's confidences stay as they are: ${reason}.`,
  });
}
