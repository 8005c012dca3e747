/** Seconds since it was made, in which a training was not paused. */
export class Clock {
  #began = performance.now();

  get seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  /** Waits for something that counts for nothing. */
  async pausedBy(wait: Promise<void>): Promise<void> {
    const since = performance.now();
    await wait;
    this.#began += performance.now() - since;
  }
}
