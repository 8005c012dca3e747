import { GillnetError } from '../errors.js';
import { upload as uploadPhotos } from '../pipeline/upload.js';
import { openStore } from '../store/open.js';
import type { Stages } from './drive.js';

/** A folder of photos → the bucket of `--data`. */
export function upload(folder: string | undefined): Stages {
  return async function* ({ data }, context) {
    if (!folder || data === undefined) {
      throw new GillnetError(
        'USAGE',
        'Name the folder and the bucket: `gillnet upload DIR --data s3://BUCKET`.',
      );
    }
    const [from, to] = [await openStore(folder), await openStore(data, context)];
    yield* uploadPhotos({ from, to, signal: context.signal });
  };
}
