/** What `work` gives, or the signal's reason as soon as it is aborted. */
export function until<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal?.removeEventListener('abort', abort));
  });
}

/** Waits, unless the signal is aborted. @throws the signal's reason */
export function pause(seconds: number, signal?: AbortSignal): Promise<void> {
  return until(new Promise((resolve) => setTimeout(resolve, 1000 * seconds)), signal);
}
