import { eventLog, eventLogName } from '../faces/event-log.js';
import { Run } from '../runs.js';
import type { Stages } from './drive.js';
import { guarding } from './guarding.js';
import { gather } from './places.js';

/** Duplicate groups and leaks of `--data`, or of what the catalog holds. */
export const guard: Stages = async function* (settings, context) {
  const { photos } = yield* gather(settings, context);
  const run = await Run.create(settings.runs);
  context.addReader(eventLog(run.pathOf(eventLogName)));
  yield* guarding(photos, settings, run);
};
