import { GillnetError } from '../errors.js';
import { eventLog, eventLogName, loggedEvent } from '../faces/event-log.js';
import { type Report, reportFace, reportName } from '../faces/report/face.js';
import { emptyRecord, type RunRecord, reduce } from '../faces/report/record.js';
import { followLines } from '../follow.js';
import { Run } from '../runs.js';
import type { Context } from './drive.js';

/** Leaves in the run's folder what happens in it: the log at once, the report at its end. */
export async function recording(run: Run, context: Context): Promise<Report> {
  const report = reportOf(run, await recordOf(run, context.signal));
  context.addReader(eventLog(run.pathOf(eventLogName)));
  context.addReader(report);
  return report;
}

/** The report of a run, to be written into its folder. */
export function reportOf(run: Run, record: RunRecord): Report {
  return reportFace(record, (page) => run.write(reportName, page));
}

/** What the log of a run tells so far; damaged lines are left out. @throws GillnetError IO */
export async function recordOf(
  run: Run,
  signal: AbortSignal = new AbortController().signal,
): Promise<RunRecord> {
  let record = emptyRecord(run.id);
  if (!(await run.has(eventLogName))) return record;
  for await (const followed of followLines(run.pathOf(eventLogName), signal)) {
    if (followed === 'waiting') break;
    const happened = loggedEvent(followed.line);
    if (happened) record = reduce(record, happened);
  }
  return record;
}

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
