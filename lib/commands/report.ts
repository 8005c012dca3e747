import type { Settings } from '../config.js';
import { reportName } from '../faces/report/face.js';
import { recordOf, reportOf } from './recording.js';
import { runWithLog } from './run-with-log.js';

/**
 * Writes the report of a run again, by what its log says. @param name the newest run without one
 * @returns where it is, as lines
 * @throws GillnetError NOT_FOUND, IO
 */
export async function reporting(settings: Settings, name?: string): Promise<string[]> {
  const run = await runWithLog(settings.runs, name);
  await reportOf(run, await recordOf(run)).write();
  const report = run.pathOf(reportName);
  const time = new Date().toISOString();
  return settings.json ? [JSON.stringify({ type: 'report', time, run: run.id, report })] : [report];
}
