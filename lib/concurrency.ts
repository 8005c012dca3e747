/** Maps in the order of `items`, with at most `limit` calls of `work` under way or waiting to be taken. */
export async function* mapConcurrent<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  const begin = (item: T) => {
    const result = work(item);
    // A failure is thrown where it is awaited; until then it must not count as unhandled.
    result.catch(() => {});
    running.push(result);
  };
  try {
    for await (const item of items) {
      begin(item);
      if (running.length >= limit) yield await (running.shift() as Promise<R>);
    }
    while (running.length > 0) yield await (running.shift() as Promise<R>);
  } finally {
    await Promise.allSettled(running);
  }
}
