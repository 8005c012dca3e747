import { GillnetError } from '../errors.js';
import type { Stages } from './drive.js';
import { gather } from './places.js';

/** Photos of `--data` → `--catalog`. */
export const extract: Stages = async function* (settings, context) {
  if (settings.data === undefined) {
    throw new GillnetError(
      'USAGE',
      'Say where the photos are: `gillnet extract --data FOLDER` or `--data s3://BUCKET`.',
    );
  }
  yield* gather(settings, context);
};
