import { GillnetError } from '../errors.js';
import { eventLogName } from '../faces/event-log.js';
import { Run } from '../runs.js';

/** The run of this name that has a log; without a name the newest. @throws GillnetError NOT_FOUND */
export async function runWithLog(runs: string, name?: string): Promise<Run> {
  if (name === undefined) return Run.newest(runs, eventLogName);
  const run = await Run.open(runs, name);
  if (await run.has(eventLogName)) return run;
  throw new GillnetError(
    'NOT_FOUND',
    `Run ${run.id} has no ${eventLogName} in ${run.folder}, so that there is nothing to tell of it. ` +
      'Without a run, the newest one that has is taken.',
  );
}
