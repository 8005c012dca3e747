import { setTimeout as pause } from 'node:timers/promises';
import { codeOf, messageOf } from '../errors.js';
import { endsRun } from '../faces/event-log.js';
import type { Face } from '../faces/face.js';
import type { GillnetEvent } from '../pipeline/events.js';
import { type SenderOptions, tellAll } from './sender.js';

/** Seconds between two tries where the server has not answered for as long as it was waited for. */
const retrySeconds = 10;
/** Seconds that the end of a run waits for the next answer; a file gets as many more as it needs at so many bytes a second. */
const endSeconds = 5;
const endBytesPerSecond = 1e6;
/** Seconds that the end of a run waits at all. */
const mostEndSeconds = 120;

type Opened = Pick<SenderOptions, 'client' | 'places'>;

type Given = Omit<SenderOptions, keyof Opened | 'signal' | 'live' | 'onProgress'> & {
  /** Opens what a signal ends. */
  open: (signal: AbortSignal) => Opened;
};

/**
 * Tells a server of a run while it goes on, beside it: what it does not take waits in the run's log. Nothing of it can
 * hold the run up but its end, which it leaves a few seconds.
 * @param onEnd told the run's end before anything else is done about it
 */
export function liveTracking({ open, ...given }: Given, onEnd: () => void): Face {
  const stop = new AbortController();
  const { run, warn, bookmark } = given;
  let settle = () => {};
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const opened = open(stop.signal);
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let told = '';
  const onProgress = (bytes: number) => {
    told = '';
    if (!closing.signal.aborted) return;
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(), 1000 * (endSeconds + bytes / endBytesPerSecond));
  };
  const live = { since: Date.now(), settled };
  const options = { ...given, ...opened, signal: stop.signal, live, onProgress };

  const work = async () => {
    while (!stop.signal.aborted) {
      try {
        return await tellAll(options);
      } catch (error) {
        if (stop.signal.aborted) return;
        const message = messageOf(error);
        if (message !== told) warn(codeOf(error), message);
        told = message;
        if (codeOf(error) !== 'UNREACHABLE' || closing.signal.aborted) return;
        // The end of the run is worth a try of its own.
        const woken = { signal: closing.signal, ref: false };
        await pause(retrySeconds * 1000, undefined, woken).catch(() => {});
      }
    }
  };
  const working = work();

  return {
    read(event: GillnetEvent) {
      if (endsRun(event)) onEnd();
    },
    async close() {
      onEnd();
      closing.abort();
      onProgress(0);
      const last = setTimeout(() => stop.abort(), mostEndSeconds * 1000);
      settle();
      await working;
      clearTimeout(timer);
      clearTimeout(last);
      // A request under way would keep the process alive.
      stop.abort();
      if (bookmark.complete) return;
      warn(
        'MLFLOW_LATER',
        `MLflow at ${opened.client.address} does not know all of run ${run.id} yet. Nothing is lost: \`gillnet sync\` tells it the rest.`,
      );
    },
  };
}
