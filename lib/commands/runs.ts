import type { Settings } from '../config.js';
import { GillnetError } from '../errors.js';
import { eventLogName } from '../faces/event-log.js';
import { age, percent, printable } from '../faces/format.js';
import type { RunRecord } from '../faces/report/record.js';
import { bestEpochOf, type Fact, figuresOf, outcomeOf, settingsOf } from '../faces/run-facts.js';
import { Run } from '../runs.js';
import { recordOf } from './recording.js';
import { runWithLog } from './run-with-log.js';

/** Of the columns of `line`. */
const head = row(['run', 'ended', 'recipe', 'network', 'epochs', 'val', 'test', 'data', 'age']);

/** All runs that have told something, the newest first: one line each, or one object with `--json`. @throws GillnetError IO */
export async function listingRuns({ runs, json }: Settings): Promise<string[]> {
  const records = await recordsOf(runs);
  if (json) return records.map((record) => JSON.stringify(told(record)));
  if (records.length === 0) return [`No run in ${runs} yet.`];
  return [head, ...records.map(line)];
}

/**
 * What a run was begun with and what came of it. @param name the newest run without one
 * @throws GillnetError NOT_FOUND, IO
 */
export async function showingRun(settings: Settings, name: string | undefined): Promise<string[]> {
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
  const ended = (await recordsOf(runs)).filter(
    (record) => outcomeOf(record) === 'done' && bestEpochOf(record),
  );
  const [newest] = ended;
  if (!newest) {
    throw new GillnetError(
      'NOT_FOUND',
      `No run in ${runs} has trained to its end. \`npx gillnet runs\` lists them; \`npx gillnet run\` makes one.`,
    );
  }
  const photosOf = ({ started }: RunRecord) => started?.dataFingerprint;
  const alike = ended.filter((record) => photosOf(record) === photosOf(newest));
  const best = alike.reduce((kept, each) => (isBetter(each, kept) ? each : kept));
  if (json) return [JSON.stringify(told(best))];
  const others = ended.length - alike.length;
  return [
    head,
    line(best),
    `the best of ${alike.length} by validation accuracy, then loss` +
      (others > 0 ? `; ${others} with other photos can't be compared and are left out` : ''),
  ];
}

function isBetter(one: RunRecord, other: RunRecord): boolean {
  const [a, b] = [bestEpochOf(one), bestEpochOf(other)];
  if (!a || !b) return a !== undefined;
  return a.valAccuracy === b.valAccuracy ? a.valLoss < b.valLoss : a.valAccuracy > b.valAccuracy;
}

async function recordsOf(folder: string): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  for (const run of (await Run.all(folder)).reverse()) {
    const record = (await run.has(eventLogName)) ? await recordOf(run) : null;
    if (record?.began) records.push(record);
  }
  return records;
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
  const [run = '', ended = '', recipe = '', network = '', epochs = '', ...figures] = cells;
  const [val = '', test = '', data = '', old = ''] = figures;
  return [
    ...[run.padEnd(18), ended.padEnd(7), recipe.padEnd(7), network.padEnd(8), epochs.padStart(6)],
    ...[val.padStart(7), test.padStart(7), data.padEnd(8), old.padStart(3)],
  ]
    .join(' ')
    .trimEnd();
}
