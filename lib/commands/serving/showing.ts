import type { Settings } from '../../config.js';
import { Metrics } from '../../faces/server/metrics.js';
import type { ServerOptions } from '../../faces/server/server.js';
import { event } from '../../pipeline/events.js';
import type { ServingSettings } from '../../serving-flags.js';
import type { Context } from '../drive.js';
import { keysOf, listening } from './listening.js';

/** Seconds for pages to hear of a training's end. */
const lastWords = 2;

/**
 * Shows the runs of `--runs` to browsers until the command ends, where `--serve` gives a port for it. They see what is
 * written to the logs, so that nobody who looks can hold up a training.
 * @throws GillnetError USAGE, NOT_FOUND
 */
export async function showing(
  given: Settings,
  { tell, atEnd }: Pick<Context, 'tell' | 'atEnd'>,
): Promise<void> {
  const { serve: port, host, runs, apiKeys } = given as ServingSettings;
  if (port === undefined) return;
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
