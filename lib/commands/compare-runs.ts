import type { Settings } from '../config.js';
import { ioError } from '../errors.js';
import { inColumns, printable } from '../faces/format.js';
import { differencesOf, remarksOn, type TwoRuns } from '../faces/two-runs.js';
import { replaceFile } from '../files.js';
import { recordOf } from './recording.js';
import { runWithLog } from './run-with-log.js';
import { told } from './runs.js';

/**
 * What two runs were begun with otherwise, and what came of each; with `--out` as a page with both courses, too.
 * @throws GillnetError NOT_FOUND, IO
 */
export async function comparingRuns(
  settings: Settings,
  first: string,
  second: string,
): Promise<string[]> {
  const [a, b] = [await runWithLog(settings.runs, first), await runWithLog(settings.runs, second)];
  const runs: TwoRuns = [await recordOf(a), await recordOf(b)];
  const { out } = settings;
  if (out !== undefined) {
    const { renderComparison } = await import('../faces/report/compared.js');
    try {
      await replaceFile(out, renderComparison(runs));
    } catch (cause) {
      throw ioError(`write ${out}`, cause, 'Name another file with --out.');
    }
  }
  if (settings.json) return runs.map((run) => JSON.stringify(told(run)));
  const { settings: chosen, figures } = differencesOf(runs);
  const rows = [['', a.id, b.id, ''], ...chosen.map(cells), [], ...figures.map(cells)];
  return [
    ...table(rows),
    '',
    ...remarksOn(runs).map(printable),
    ...(out === undefined ? [] : [out]),
  ];
}

const cells = ({ name, texts, difference }: ReturnType<typeof differencesOf>['figures'][number]) =>
  [name, ...texts, difference].map(printable);

function table(rows: string[][]): string[] {
  const [name, one, other] = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  ) as [number, number, number];
  return rows.map((row) => inColumns(row, [name, -one, -other], '  '));
}
