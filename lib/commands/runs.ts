import type { Settings } from '../config.js';
import { GillnetError, ioError } from '../errors.js';
import { age, inColumns, percent, printable } from '../faces/format.js';
import { reportName } from '../faces/report/face.js';
import type { RunRecord } from '../faces/report/record.js';
import { bestEpochOf, type Fact, figuresOf, outcomeOf, settingsOf } from '../faces/run-facts.js';
import { type Difference, differencesOf, remarksOn, type TwoRuns } from '../faces/two-runs.js';
import { replaceFile } from '../files.js';
import { Run } from '../runs.js';
import { recordOf, reportOf, runWithLog } from './recording.js';

/** Of the columns of `line`. */
const head = row(['run', 'ended', 'recipe', 'network', 'epochs', 'val', 'test', 'data', 'age']);

/** All runs that have told something, the newest first: one line each, or one object with `--json`. @throws GillnetError IO */
export async function listingRuns({ runs, json }: Settings): Promise<string[]> {
  const lines: string[] = [];
  for await (const record of recordsOf(runs)) {
    lines.push(json ? JSON.stringify(told(record)) : line(record));
  }
  if (json) return lines;
  return lines.length === 0 ? [`No run in ${runs} yet.`] : [head, ...lines];
}

/**
 * What a run was begun with and what came of it. @param name the newest run without one
 * @throws GillnetError NOT_FOUND, IO
 */
export async function showingRun(settings: Settings, name?: string): Promise<string[]> {
  const run = await runWithLog(settings.runs, name);
  const record = await recordOf(run);
  if (settings.json) return [JSON.stringify(told(record))];
  const lines = (facts: Fact[]) =>
    facts
      .filter(({ value }) => value !== null)
      .map(({ name, text }) => `${name.padEnd(26)}${printable(text)}`);
  const { error, saved } = record;
  return [
    ...[`run ${run.id}, ${outcomeOf(record)}`, ''],
    ...[...lines(settingsOf(record)), '', ...lines(figuresOf(record))],
    ...(saved ? [`${'model'.padEnd(26)}${printable(saved.model)}`] : []),
    ...(error ? ['', `error [${error.code}]: ${printable(error.message)}`] : []),
  ];
}

/**
 * The run that validation prefers: of those that ended and had the same photos for training and for validation as the
 * newest of them, since others were asked something else. Test accuracy chooses none: it would not be honest afterwards.
 * @throws GillnetError NOT_FOUND, IO
 */
export async function bestRun({ runs, json }: Settings): Promise<string[]> {
  const photosOf = ({ started }: RunRecord) => started?.dataFingerprint;
  let best: { record: RunRecord; epoch: Judged } | null = null;
  let [alike, others] = [0, 0];
  for await (const record of recordsOf(runs)) {
    const epoch = bestEpochOf(record);
    if (outcomeOf(record) !== 'done' || !epoch) continue;
    best ??= { record, epoch };
    if (photosOf(record) !== photosOf(best.record)) {
      others += 1;
      continue;
    }
    alike += 1;
    if (isBetter(epoch, best.epoch)) best = { record, epoch };
  }
  if (!best) {
    throw new GillnetError(
      'NOT_FOUND',
      `No run in ${runs} has trained to its end. \`npx gillnet runs\` lists them; \`npx gillnet run\` makes one.`,
    );
  }
  if (json) return [JSON.stringify(told(best.record))];
  return [
    head,
    line(best.record),
    `the best of ${alike} by validation accuracy, then loss` +
      (others > 0 ? `; ${others} with other photos can't be compared and are left out` : ''),
  ];
}

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
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = [width(0), -width(1), -width(2)];
  return [
    ...rows.map((row) => inColumns(row, widths, '  ')),
    '',
    ...remarksOn(runs).map(printable),
    ...(out === undefined ? [] : [out]),
  ];
}

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

type Judged = { valAccuracy: number; valLoss: number };

function isBetter(a: Judged, b: Judged): boolean {
  return a.valAccuracy === b.valAccuracy ? a.valLoss < b.valLoss : a.valAccuracy > b.valAccuracy;
}

/** One at a time, the newest first: each holds the pictures of its run. */
async function* recordsOf(folder: string): AsyncGenerator<RunRecord> {
  for (const run of (await Run.all(folder)).reverse()) {
    const record = await recordOf(run);
    if (record.began) yield record;
  }
}

/** A run as a line of JSON. */
function told(record: RunRecord) {
  const values = (facts: Fact[]) => Object.fromEntries(facts.map(({ key, value }) => [key, value]));
  return {
    ...{ type: 'run', time: record.began, run: record.run, outcome: outcomeOf(record) },
    model: record.saved?.model ?? null,
    settings: values(settingsOf(record)),
    figures: values(figuresOf(record)),
  };
}

function line(record: RunRecord): string {
  const { run, started, epochs, evaluated, began } = record;
  const best = bestEpochOf(record);
  const last = epochs.at(-1);
  return row([
    ...[run, outcomeOf(record), started?.recipe ?? '–', started?.model ?? '–'],
    last ? `${last.epoch}/${last.epochs}` : '–',
    best ? percent(best.valAccuracy) : '–',
    evaluated ? percent(evaluated.accuracy) : '–',
    ...[started?.dataFingerprint?.slice(0, 8) ?? '–', began ? age(began) : '–'],
  ]);
}

/** 79 columns. */
function row(cells: string[]): string {
  return inColumns(cells, [18, 7, 7, 8, -6, -7, -7, 8, -3]);
}

/** Of two runs side by side. */
function cells({ name, texts, difference }: Difference): string[] {
  return [name, ...texts, difference].map(printable);
}
