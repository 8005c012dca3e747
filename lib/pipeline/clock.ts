/** Time in milliseconds that stands still while a training is paused. */
export class Clock {
  #paused = 0;

  now(): number {
    return performance.now() - this.#paused;
  }

  secondsSince(moment: number): number {
    return (this.now() - moment) / 1000;
  }

  /** Waits for something that counts for nothing. */
  async pausedBy(wait: Promise<void>): Promise<void> {
    const since = performance.now();
    await wait;
    this.#paused += performance.now() - since;
  }
}
