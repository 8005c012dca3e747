import { defaultSeed } from '../config.js';
import { GillnetError } from '../errors.js';
import { event } from '../pipeline/events.js';
import { writeSample } from '../sample/write.js';
import type { Stages } from './drive.js';

/** Draws the sample set into `folder`, unless it is there. */
export function sample(folder: string | undefined): Stages {
  return async function* ({ seed = defaultSeed }, { signal }) {
    if (!folder)
      throw new GillnetError('USAGE', 'Name the folder to draw into: `gillnet sample DIR`.');
    yield event('stage', { stage: 'sample', detail: `draws photos into ${folder}` });
    for await (const { done, total } of writeSample(folder, { seed, signal })) {
      yield event('progress', { stage: 'sample', done, total });
    }
  };
}
