import { followLines } from '../follow.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import type { Run } from '../runs.js';
import { endsRun, eventLogName, loggedEvent } from './event-log.js';
import { duration } from './format.js';

/** Without an event for this long, a run may be dead: the longest silence of a live one is a batch or an upload. */
const quietSeconds = 60;

/**
 * An event of a run and the number of its line in the log, null for what the log does not hold; or that all is told for
 * now, and whether the run has ended: a log goes on after an end where its run was resumed.
 */
export type Told =
  | { happened: GillnetEvent; line: number | null }
  | { happened: null; ended: boolean };

/**
 * The events that a run's log holds and those that are added, until the reader leaves or the signal aborts. When all are
 * told it says so, again after each pause. Warnings tell of damaged lines, and once of a run that has gone quiet.
 * @param after events up to this line are not told
 * @throws GillnetError NOT_FOUND, DAMAGED, IO
 */
export async function* runEvents(run: Run, signal: AbortSignal, after = 0): AsyncGenerator<Told> {
  const file = run.pathOf(eventLogName);
  const life = new Life();
  let toldQuiet = false;
  for await (const followed of followLines(file, signal)) {
    if (followed === 'waiting') {
      life.caughtUp = true;
      const quiet = life.quiet();
      if (quiet !== null && !toldQuiet) {
        toldQuiet = true;
        const message = quietMessage(run, quiet);
        yield { happened: event('warning', { code: 'QUIET', message }), line: null };
      }
      yield { happened: null, ended: life.ended };
      continue;
    }
    const { number } = followed;
    const happened = loggedEvent(followed.line);
    if (happened === null) {
      const message = `Line ${number} of ${file} is damaged and left out.`;
      if (number > after) {
        yield { happened: event('warning', { code: 'DAMAGED', message }), line: null };
      }
      continue;
    }
    life.note(happened);
    toldQuiet = false;
    if (number > after) yield { happened, line: number };
  }
}

/** Whether a run still does something, by the events of its log. */
export class Life {
  /** The newest event ends the run. */
  ended = false;
  /** The run waits for a person: for an answer to what is proposed, or, whatever else they ask for, to go on. */
  waiting = false;
  /** All that stood in the log when it was opened has been noted. */
  caughtUp = false;
  /** Milliseconds since the epoch. */
  #lastEvent = Date.now();

  note(happened: GillnetEvent): void {
    this.ended = endsRun(happened);
    this.waiting = staysWaiting(happened, this.waiting);
    // Another machine's clock may be wrong: what comes while one looks on came now.
    this.#lastEvent = this.caughtUp ? Date.now() : Date.parse(happened.time);
  }

  /** Seconds without an event where they are so many that the process may be gone, else null. */
  quiet(): number | null {
    const seconds = (Date.now() - this.#lastEvent) / 1000;
    return seconds < quietSeconds || this.waiting || this.ended ? null : seconds;
  }
}

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
