import type { Settings } from '../../config.js';
import { codeOf } from '../../errors.js';
import { Metrics } from '../../faces/server/metrics.js';
import type { ServerOptions } from '../../faces/server/server.js';
import type { Inbox } from '../../inbox.js';
import { event, type GillnetEvent } from '../../pipeline/events.js';
import type { ModelSource } from '../../serving/served-model.js';
import type { ServingSettings } from '../../serving-flags.js';
import { timeLimit } from '../../time-limit.js';
import type { Context } from '../drive.js';
import { keysOf, listening } from './listening.js';

/** Seconds for pages to hear of a training's end. */
const lastWords = 2;

/**
 * Shows the runs of `--runs` to browsers until the command ends, at the port of `--serve`. They see what is written to the
 * logs, so that nobody who looks can hold up a training.
 * @throws GillnetError USAGE, NOT_FOUND
 */
export async function showing(
  port: number,
  given: Settings,
  { tell, atEnd }: Pick<Context, 'tell' | 'atEnd'>,
): Promise<void> {
  const { host, runs, apiKeys } = given as ServingSettings;
  const options: ServerOptions = {
    ...showingOptions(runs),
    keys: await keysOf(apiKeys),
    // Who looks on is no part of a training's story.
    tell: (told) => {
      if (told.type === 'warning') tell(told);
    },
  };
  const server = await listening(options, { host, port }, '--serve');
  atEnd(() => server.drain(lastWords));
  tell(event('shown', { url: `${server.address}/runs` }));
}

/** Of a server that answers no photos. */
export function showingOptions(runs: string) {
  const metrics = new Metrics();
  return { ...{ predictor: null, metrics, int8: false, feedback: null, runs }, cors: [] };
}

interface ToCome extends Pick<ServerOptions, 'keys'> {
  source: ModelSource;
  settings: Pick<ServingSettings, 'host' | 'port' | 'interval' | 'timeLimit'>;
  /** Folder of the runs that are shown. */
  runs: string;
  /** Gets what happens in the server. */
  happened: Inbox<GillnetEvent>;
  signal: AbortSignal;
}

/**
 * Shows runs alone while there is no model yet: the first training may be what is to be seen.
 * @returns the port at which it has listened, to be taken over, and how many requests it has had
 */
export async function* untilThereIsAModel(
  toCome: ToCome,
): AsyncGenerator<GillnetEvent, { port: number; requests: number }> {
  const { source, settings, runs, keys, happened, signal } = toCome;
  if (await isThere(source)) return { port: settings.port, requests: 0 };
  const tell = (told: GillnetEvent) => happened.put(told);
  const options = { ...showingOptions(runs), keys, tell };
  const shown = await listening(options, settings);
  yield event('shown', { url: `${shown.address}/runs` });
  const message = 'There is no model yet: photos are answered once there is one.';
  yield event('warning', { code: 'NO_MODEL', message });
  do {
    const wait = timeLimit(1000 * settings.interval, signal);
    for (; !wait.signal.aborted; await happened.more(wait.signal)) yield* happened.all();
    wait.over();
  } while (!signal.aborted && !(await isThere(source)));
  await shown.drain(settings.timeLimit);
  yield* happened.all();
  return { port: Number(new URL(shown.address).port), requests: shown.requests };
}

/** @throws GillnetError what `find` throws but that there is none */
async function isThere(source: ModelSource): Promise<boolean> {
  try {
    await source.find();
    return true;
  } catch (error) {
    if (codeOf(error) === 'NO_MODEL') return false;
    throw error;
  }
}
