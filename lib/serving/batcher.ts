interface Waiting<T, R> {
  item: T;
  resolve(result: R): void;
  reject(error: unknown): void;
  leave(): void;
}

/**
 * Runs what comes together as one batch, and what comes while a batch runs as the next. An item alone waits for nobody,
 * so that batches grow with the load and need no timer.
 */
export class Batcher<T, R> {
  #run: (items: T[]) => Promise<R[]>;
  #most: number;
  #waiting: Waiting<T, R>[] = [];
  #running = false;

  /** @param run gives a result for each item, in their order @param most items of a batch */
  constructor(run: (items: T[]) => Promise<R[]>, most: number) {
    this.#run = run;
    this.#most = most;
  }

  /** @throws what `run` throws, and the signal's reason where it is aborted before the item's batch has begun */
  submit(item: T, signal: AbortSignal): Promise<R> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const abort = () => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting);
        reject(signal.reason);
      };
      const leave = () => signal.removeEventListener('abort', abort);
      const waiting = { item, resolve, reject, leave };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.push(waiting);
      if (this.#running) return;
      this.#running = true;
      // Behind all that this turn of the event loop brings.
      setImmediate(() => this.#work());
    });
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#most);
      for (const { leave } of batch) leave();
      try {
        const results = await this.#run(batch.map(({ item }) => item));
        for (const [index, { resolve }] of batch.entries()) resolve(results[index] as R);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }
}
