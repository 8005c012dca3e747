import { endsRun, eventLogName, loggedEvent } from '../faces/event-log.js';
import { duration } from '../faces/format.js';
import { followLines } from '../follow.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import type { Run } from '../runs.js';
import type { Stages } from './drive.js';
import { runWithLog } from './run-with-log.js';

/** Without an event for this long, a run may be dead: the longest silence of a live one is a batch or an upload. */
const quietSeconds = 60;

/** Shows a run in another process, live or over, by what its log says. @param name the newest run without one */
export function watch(name: string | undefined): Stages {
  return async function* (settings, { signal }) {
    const run = await runWithLog(settings.runs, name);
    const reader = readerGone();
    try {
      yield* eventsOf(run, AbortSignal.any([signal, reader.signal]));
    } finally {
      reader.forget();
    }
  };
}

/**
 * The events that a run's log holds and those that are added, until the run ends or the signal aborts.
 * A log goes on after an end where the run was resumed.
 * @throws GillnetError NOT_FOUND, DAMAGED, IO
 */
export async function* eventsOf(run: Run, signal: AbortSignal): AsyncGenerator<GillnetEvent, void> {
  const file = run.pathOf(eventLogName);
  let ended = false;
  /** Milliseconds since the epoch. */
  let lastEvent = Date.now();
  let toldQuiet = false;
  let waiting = false;
  let caughtUp = false;
  for await (const followed of followLines(file, signal)) {
    if (followed === 'waiting') {
      if (ended) return;
      caughtUp = true;
      const quiet = (Date.now() - lastEvent) / 1000;
      if (quiet < quietSeconds || toldQuiet || waiting) continue;
      toldQuiet = true;
      yield event('warning', { code: 'QUIET', message: quietMessage(run, quiet) });
      continue;
    }
    const happened = loggedEvent(followed.line);
    if (happened === null) {
      yield event('warning', {
        code: 'DAMAGED',
        message: `Line ${followed.number} of ${file} is damaged and left out.`,
      });
      continue;
    }
    ended = endsRun(happened);
    waiting = staysWaiting(happened, waiting);
    toldQuiet = false;
    // Another machine's clock may be wrong: what comes while one looks on came now.
    lastEvent = caughtUp ? Date.now() : Date.parse(happened.time);
    yield happened;
  }
}

/** The run waits for a person: for an answer to what is proposed, or, whatever else they ask for, to go on. */
function staysWaiting(happened: GillnetEvent, waiting: boolean): boolean {
  if (happened.type === 'proposed' || happened.type === 'measured') return true;
  if (happened.type !== 'asked' || happened.kind === 'resume') return false;
  return waiting || happened.kind === 'pause';
}

function quietMessage(run: Run, seconds: number): string {
  return (
    `Run ${run.id} has told nothing for ${duration(seconds)}, and its log has no end. If its process is gone, ` +
    `go on with \`npx gillnet train --resume ${run.id}\`; this keeps watching.`
  );
}

/** Aborts when nobody reads stdout any longer, as after `gillnet watch | head`: there is nothing else to do. */
function readerGone(): { signal: AbortSignal; forget(): void } {
  const gone = new AbortController();
  const leave = () => gone.abort();
  process.stdout.on('error', leave);
  return { signal: gone.signal, forget: () => process.stdout.off('error', leave) };
}
