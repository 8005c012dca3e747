import type { Settings } from '../config.js';
import { GillnetError } from '../errors.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import { writeSample } from '../sample/write.js';
import type { Context } from './drive.js';

/** Draws the sample set into `folder`, unless it is there. */
export async function* sample(
  { seed }: Pick<Partial<Settings>, 'seed'>,
  { signal }: Context,
  folder?: string,
): AsyncGenerator<GillnetEvent, void> {
  if (!folder)
    throw new GillnetError('USAGE', 'Name the folder to draw into: `gillnet sample DIR`.');
  yield event('stage', { stage: 'sample', detail: `draws photos into ${folder}` });
  for await (const { done, total } of writeSample(folder, { seed, signal })) {
    yield event('progress', { stage: 'sample', done, total });
  }
}
