import { runEvents } from '../faces/run-events.js';
import type { Stages } from './drive.js';
import { runWithLog } from './run-with-log.js';

/** Shows a run in another process, live or over, by what its log says. @param name the newest run without one */
export function watch(name: string | undefined): Stages {
  return async function* (settings, { signal }) {
    const run = await runWithLog(settings.runs, name);
    const reader = readerGone();
    try {
      for await (const told of runEvents(run, AbortSignal.any([signal, reader.signal]))) {
        if (told.happened) yield told.happened;
        else if (told.ended) return;
      }
    } finally {
      reader.forget();
    }
  };
}

/** Aborts when nobody reads stdout any longer, as after `gillnet watch | head`: there is nothing else to do. */
function readerGone(): { signal: AbortSignal; forget(): void } {
  const gone = new AbortController();
  const leave = () => gone.abort();
  process.stdout.on('error', leave);
  return { signal: gone.signal, forget: () => process.stdout.off('error', leave) };
}
