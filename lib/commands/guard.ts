import { eventLog } from '../faces/event-log.js';
import { Run } from '../runs.js';
import type { Stages } from './drive.js';
import { guarding } from './guarding.js';
import { gather } from './places.js';

/** Duplicate groups and leaks of `--data`, or of what the catalog holds. */
export const guard: Stages = async function* (settings, { signal, addReader }) {
  const { photos } = yield* gather(settings, signal);
  const run = await Run.create(settings.runs);
  addReader(eventLog(run.pathOf('events.jsonl')));
  yield* guarding(photos, settings, run);
};
