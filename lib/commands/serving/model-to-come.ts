import { setTimeout as pause } from 'node:timers/promises';
import { codeOf } from '../../errors.js';
import { Metrics } from '../../faces/server/metrics.js';
import type { ServerOptions } from '../../faces/server/server.js';
import { event, type GillnetEvent } from '../../pipeline/events.js';
import type { ModelSource } from '../../serving/served-model.js';
import type { ServingSettings } from '../../serving-flags.js';
import { listening } from './listening.js';
import { showingOptions } from './showing.js';

export interface ToCome extends Pick<ServerOptions, 'keys' | 'tell'> {
  source: ModelSource;
  settings: Pick<ServingSettings, 'host' | 'port' | 'interval' | 'timeLimit'>;
  /** Folder of the runs that are shown. */
  runs: string;
  signal: AbortSignal;
}

/**
 * Shows runs alone while there is no model yet: the first training may be what is to be seen.
 * @returns the port at which it has listened, to be taken over
 */
export async function* untilThereIsAModel(toCome: ToCome): AsyncGenerator<GillnetEvent, number> {
  const { source, settings, runs, signal, ...server } = toCome;
  if (await isThere(source)) return settings.port;
  const options = { ...showingOptions(runs, new Metrics()), ...server };
  const shown = await listening(options, settings);
  yield event('shown', { url: `${shown.address}/runs` });
  const message = 'There is no model yet: photos are answered once there is one.';
  yield event('warning', { code: 'NO_MODEL', message });
  do {
    await pause(1000 * settings.interval, undefined, { signal }).catch(() => {});
  } while (!signal.aborted && !(await isThere(source)));
  await shown.drain(settings.timeLimit);
  return Number(new URL(shown.address).port);
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
