import { thresholdOf } from '../metrics/selective.js';
import { softmax } from '../metrics/softmax.js';
import { fitTemperature } from '../metrics/temperature.js';
import { event, type GillnetEvent } from './events.js';
import { type JudgeOptions, judge } from './judge.js';

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
  options: Omit<JudgeOptions, 'stage' | 'between'>,
): AsyncGenerator<GillnetEvent, Calibration | null> {
  const { photos, signal } = options;
  if (photos.length < leastPhotos) return yield* uncalibrated(tooFew(photos.length));
  yield event('stage', { stage: 'calibrate', detail: `${photos.length} photos of validation` });
  const { judgements } = yield* judge({ ...options, stage: 'calibrate' });
  if (signal?.aborted) return null;
  if (judgements.length < leastPhotos) return yield* uncalibrated(tooFew(judgements.length));
  const temperature = fitTemperature(judgements);
  if (temperature === null) {
    return yield* uncalibrated(
      'no temperature fits, as the model tells all validation photos right, or no more than by chance',
    );
  }
  const threshold = thresholdOf(
    judgements.map(({ truth, logits }) => ({ truth, confidences: softmax(logits, temperature) })),
  );
  yield event('calibrated', { photos: judgements.length, temperature, threshold });
  return { temperature, threshold };
}

function tooFew(photos: number): string {
  return `a temperature is fitted to ${leastPhotos} validation photos at least, and there are ${photos}`;
}

async function* uncalibrated(reason: string): AsyncGenerator<GillnetEvent, null> {
  const message = `The model's confidences stay as they are: ${reason}.`;
  yield event('warning', { code: 'NOT_CALIBRATED', message });
  return null;
}
