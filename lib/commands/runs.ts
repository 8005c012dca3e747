import type { Settings } from '../config.js';
import { GillnetError } from '../errors.js';
import { eventLogName } from '../faces/event-log.js';
import { age, inColumns, percent, printable } from '../faces/format.js';
import type { RunRecord } from '../faces/report/record.js';
import { bestEpochOf, type Fact, figuresOf, outcomeOf, settingsOf } from '../faces/run-facts.js';
import { Run } from '../runs.js';
import { recordOf } from './recording.js';
import { runWithLog } from './run-with-log.js';

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
  let best: RunRecord | null = null;
  let [alike, others] = [0, 0];
  for await (const record of recordsOf(runs)) {
    if (outcomeOf(record) !== 'done' || !bestEpochOf(record)) continue;
    best ??= record;
    if (photosOf(record) !== photosOf(best)) {
      others += 1;
      continue;
    }
    alike += 1;
    if (isBetter(record, best)) best = record;
  }
  if (!best) {
    throw new GillnetError(
      'NOT_FOUND',
      `No run in ${runs} has trained to its end. \`npx gillnet runs\` lists them; \`npx gillnet run\` makes one.`,
    );
  }
  if (json) return [JSON.stringify(told(best))];
  return [
    head,
    line(best),
    `the best of ${alike} by validation accuracy, then loss` +
      (others > 0 ? `; ${others} with other photos can't be compared and are left out` : ''),
  ];
}

function isBetter(one: RunRecord, other: RunRecord): boolean {
  const [a, b] = [bestEpochOf(one), bestEpochOf(other)];
  if (!a || !b) return a !== undefined;
  return a.valAccuracy === b.valAccuracy ? a.valLoss < b.valLoss : a.valAccuracy > b.valAccuracy;
}

/** One at a time, the newest first: each holds the pictures of its run. */
async function* recordsOf(folder: string): AsyncGenerator<RunRecord> {
  for (const run of (await Run.all(folder)).reverse()) {
    const record = (await run.has(eventLogName)) ? await recordOf(run) : null;
    if (record?.began) yield record;
  }
}

/** A run as a line of JSON. */
export function told(record: RunRecord) {
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
