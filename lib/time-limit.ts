/**
 * A signal that ends with another one, or after a time; `over` lets go of both. Not AbortSignal.any with AbortSignal.timeout,
 * which Node forgets while they are waited for (nodejs/node#57736).
 */
export function timeLimit(
  milliseconds: number,
  signal: AbortSignal,
): { signal: AbortSignal; over(): void } {
  const limit = new AbortController();
  const timer = setTimeout(end, milliseconds);
  function over() {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
  function end() {
    over();
    limit.abort(signal.reason ?? new DOMException('no answer', 'TimeoutError'));
  }
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  return { signal: limit.signal, over };
}
