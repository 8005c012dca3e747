import { setMaxListeners } from 'node:events';
import { unlessAborted } from '../concurrency.js';
import { TimedOut } from './refusals.js';

/**
 * Runs `work` with a signal that is aborted when `signal` is, or, with `TimedOut`, after so many seconds.
 * @throws what `work` throws, and the signal's reason as soon as it is aborted
 */
export async function withDeadline<T>(
  signal: AbortSignal | undefined,
  seconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ends = new AbortController();
  // Each photo of a request listens.
  setMaxListeners(0, ends.signal);
  const pass = () => ends.abort(signal?.reason);
  if (signal?.aborted) pass();
  signal?.addEventListener('abort', pass, { once: true });
  const timer = setTimeout(() => ends.abort(new TimedOut(seconds)), 1000 * seconds);
  try {
    return await unlessAborted(work(ends.signal), ends.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', pass);
  }
}
