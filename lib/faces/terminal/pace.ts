/** When frames are drawn. */

/** Ten frames a second at most. */
const leastMilliseconds = 100;
/** Between two frames that no key asked for. */
const calmMilliseconds = 200;
/** Those may cost this part of one processor, and yet come once a second. */
const share = 0.02;
const slowestMilliseconds = 1000;

/** Draws soon after it was asked to, once for all that asked. */
export class Pace {
  #draw: () => void;
  #drawn = -Infinity;
  /** Milliseconds that the last frame took. */
  #cost = 0;
  #timer: NodeJS.Timeout | undefined;
  #due = Infinity;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  /** For what a person did: after all the keys that came together. */
  now(): void {
    this.#at(this.#drawn + leastMilliseconds);
  }

  /** For what happened: only as often as drawing costs next to nothing. */
  soon(): void {
    const affordable = Math.min(slowestMilliseconds, this.#cost / share);
    this.#at(this.#drawn + Math.max(calmMilliseconds, affordable));
  }

  /** Draws at once. */
  flush(): void {
    this.stop();
    const began = performance.now();
    this.#draw();
    this.#drawn = performance.now();
    this.#cost = this.#drawn - began;
  }

  /** Forgets what is due. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = Infinity;
  }

  #at(due: number): void {
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.flush(), Math.max(0, due - performance.now()));
    this.#timer.unref();
  }
}
