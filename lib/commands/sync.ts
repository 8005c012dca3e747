import { hostname } from 'node:os';
import type { Settings } from '../config.js';
import { GillnetError } from '../errors.js';
import { plural } from '../faces/format.js';
import { runsHere } from '../files.js';
import { Run } from '../runs.js';
import { type Bookmark, readBookmark, writeBookmark } from '../tracking/bookmark.js';
import { MlflowClient } from '../tracking/client.js';
import { type SenderOptions, tellAll } from '../tracking/sender.js';
import { trackingServerAt, withoutCredentials } from '../tracking/server-address.js';
import { runWithLog } from './recording.js';
import { newBookmark, placesOf, syncLater } from './tracking.js';

/** Seconds: a server that was just started, or that hashes passwords, takes some for its first answer. */
const firstPatience = 15;

/** What became of one run. */
interface Synced {
  run: string;
  state: 'told' | 'running' | 'known already';
  /** Of its page; null where nothing was told. */
  url: string | null;
  /** Of its log, that were not told before. */
  lines: number;
  warnings: string[];
}

/**
 * Tells MLflow what it has missed. @param names runs that it is told of, whether it was to be or not; without any,
 * all that it was to be told of
 * @returns what to print
 * @throws GillnetError USAGE, NOT_FOUND, UNREACHABLE, DENIED, TRACKING
 */
export async function syncing(settings: Settings, ...names: string[]): Promise<string[]> {
  const isNamed = names.length > 0;
  const runs = isNamed
    ? await Promise.all(names.map((name) => runWithLog(settings.runs, name)))
    : await Run.all(settings.runs);
  const synced: Synced[] = [];
  for (const run of runs) {
    const told = await syncOne(run, settings, isNamed);
    if (told) synced.push(told);
  }
  const time = new Date().toISOString();
  if (settings.json) return synced.map((each) => JSON.stringify({ type: 'synced', time, ...each }));
  const lines = synced.flatMap((each) => [
    ...each.warnings.map((warning) => `warning: ${warning}`),
    line(each),
  ]);
  return lines.length > 0 ? lines : ['MLflow has been told of all runs that it was to be told of.'];
}

/** Null where there is nothing to be told. */
async function syncOne(run: Run, settings: Settings, isNamed: boolean): Promise<Synced | null> {
  const bookmark = (await readBookmark(run)) ?? (isNamed ? begin(run, settings) : null);
  if (!bookmark || (bookmark.complete && !isNamed)) return null;
  const synced: Synced = { run: run.id, state: 'told', url: null, lines: 0, warnings: [] };
  const given = settings.mlflow || bookmark.server;
  // Two addresses may be of one server: it is asked.
  const elsewhere = withoutCredentials(given) !== bookmark.server;
  if (bookmark.complete && !elsewhere) return { ...synced, state: 'known already' };
  // It tells its server itself.
  if (runsHere(bookmark.process)) return { ...synced, state: 'running' };
  const server = trackingServerAt(given, process.env);
  const warn = (_: string, message: string) => void synced.warnings.push(message);
  const stop = new AbortController();
  const { signal } = stop;
  let before = bookmark.lines;
  const options: SenderOptions = {
    ...{ run, bookmark, signal, warn, live: null, onProgress: () => {} },
    client: new MlflowClient(server, signal, { later: syncLater, warn, firstPatience }),
    places: placesOf(settings, { warn, signal }),
    onRun: ({ url, isNew }) => {
      synced.url = url;
      if (isNew) before = 0;
    },
  };
  await writeBookmark(run, bookmark);
  try {
    // What another machine's process does is not known.
    const isKilled = bookmark.process.host === hostname();
    await tellAll(options, { asks: elsewhere, isKilled });
  } finally {
    // A request under way would keep the process alive.
    stop.abort();
  }
  const lines = bookmark.lines - before;
  return { ...synced, state: lines === 0 && bookmark.complete ? 'known already' : 'told', lines };
}

/** Of a run whose process is not known. */
function begin(run: Run, settings: Settings): Bookmark {
  const { mlflow, experiment } = settings;
  if (mlflow) {
    const toTrack = { command: 'train', data: 'photos' };
    const bookmark = newBookmark(withoutCredentials(mlflow), toTrack, experiment);
    return { ...bookmark, process: { host: '', id: 0 } };
  }
  throw new GillnetError(
    'USAGE',
    `Run ${run.id} was told to no MLflow server. Name one with --mlflow or MLFLOW_TRACKING_URI.`,
  );
}

function line({ run, state, url, lines }: Synced): string {
  switch (state) {
    case 'running':
      return `${run} is training, and tells MLflow itself`;
    case 'known already':
      return `${run} is known to MLflow already`;
    case 'told':
      return `${run}: ${plural(lines, 'line')} of its log told${url ? `; ${url}` : ''}`;
  }
}
