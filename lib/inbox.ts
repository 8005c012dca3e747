/** What one side hands over whenever it likes, and the other takes when it is ready. */
export class Inbox<T> {
  #waiting: T[] = [];
  #wake = () => {};

  put(item: T): void {
    this.#waiting.push(item);
    this.#wake();
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  take(): T | undefined {
    return this.#waiting.shift();
  }

  /** What there is to take now. */
  *all(): Generator<T> {
    for (let item = this.take(); item !== undefined; item = this.take()) yield item;
  }

  /** Waits until there is something to take, or the signal is aborted; one waits at a time. */
  async more(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.length > 0 || signal?.aborted) return;
    const wake = () => this.#wake();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      signal?.addEventListener('abort', wake, { once: true });
    });
    signal?.removeEventListener('abort', wake);
  }
}
