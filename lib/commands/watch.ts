import type { Settings } from '../config.js';
import { runEvents } from '../faces/run-events.js';
import type { GillnetEvent } from '../pipeline/events.js';
import type { Context } from './drive.js';
import { runWithLog } from './recording.js';

/** Shows a run in another process, live or over, by what its log says. @param name the newest run without one */
export async function* watch(
  settings: Settings,
  { signal }: Context,
  name?: string,
): AsyncGenerator<GillnetEvent, void> {
  const run = await runWithLog(settings.runs, name);
  // Where nobody reads stdout any longer, as after `gillnet watch | head`, there is nothing else to do.
  const readerGone = new AbortController();
  const leave = () => readerGone.abort();
  process.stdout.on('error', leave);
  try {
    for await (const told of runEvents(run, AbortSignal.any([signal, readerGone.signal]))) {
      if (told.happened) yield told.happened;
      else if (told.ended) return;
    }
  } finally {
    process.stdout.off('error', leave);
  }
}
