import type { Settings } from '../config.js';
import { GillnetError } from '../errors.js';
import type { GillnetEvent } from '../pipeline/events.js';
import { upload as uploadPhotos } from '../pipeline/upload.js';
import { openStore } from '../store/open.js';
import type { Context } from './drive.js';

/** A folder of photos → the bucket of `--data`. */
export async function* upload(
  { data }: Settings,
  context: Context,
  folder?: string,
): AsyncGenerator<GillnetEvent, void> {
  if (!folder || data === undefined) {
    throw new GillnetError(
      'USAGE',
      'Name the folder and the bucket: `gillnet upload DIR --data s3://BUCKET`.',
    );
  }
  const [from, to] = [await openStore(folder), await openStore(data, context)];
  yield* uploadPhotos({ from, to, signal: context.signal });
}
