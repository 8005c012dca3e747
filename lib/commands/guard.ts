import { Run } from '../runs.js';
import type { Stages } from './drive.js';
import { guarding } from './guarding.js';
import { gather } from './places.js';
import { recording } from './recording.js';

/** Duplicate groups and leaks of `--data`, or of what the catalog holds. */
export const guard: Stages = async function* (settings, context) {
  const { photos } = yield* gather(settings, context);
  const run = await Run.create(settings.runs);
  await recording(run, context);
  yield* guarding(photos, settings, run);
};
