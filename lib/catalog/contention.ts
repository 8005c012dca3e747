import pRetry from 'p-retry';

/** Seconds for which others may hold what an operation needs, before it fails with what it met last. */
const patience = 120;

/** Does a whole operation again while it loses against another writer: a deadlock, a lock held too long. */
export function untilFree<T>(
  isTaken: (error: unknown) => boolean,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  return pRetry(work, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 50,
    maxTimeout: 1_000,
    randomize: true,
    maxRetryTime: patience * 1000,
    ...(signal && { signal }),
    shouldRetry: ({ error }) => isTaken(error),
  });
}
