import { eventLog, eventLogName } from '../faces/event-log.js';
import { Run } from '../runs.js';
import type { Stages } from './drive.js';
import { guarding } from './guarding.js';
import { gatherFingerprinted, readerOf } from './places.js';

/** Duplicate groups and leaks of `--data`, or of what the catalog holds. */
export const guard: Stages = async function* (settings, context) {
  const { photos, store } = yield* gatherFingerprinted(settings, context);
  const run = await Run.create(settings.runs);
  context.addReader(eventLog(run.pathOf(eventLogName)));
  const reader = readerOf(store, settings);
  yield* guarding({ photos, reader, settings, run, signal: context.signal });
};
