import { Overloaded } from './refusals.js';

/** Answered photos by which the pace is told. */
const paceOver = 64;
/** Seconds that a client is told to wait, at least and at most. */
const [shortest, longest] = [1, 60];

/** Lets photos in, up to a number that wait or are being answered, and tells whoever comes beyond when to come again. */
export class Admission {
  #most: number;
  #inside = 0;
  #onIdle: () => void;
  /** When the latest photos were answered, in milliseconds, the oldest first. */
  #answered: number[] = [];

  /** @param onIdle told each time that the last photo has left */
  constructor(most: number, onIdle: () => void = () => {}) {
    this.#most = most;
    this.#onIdle = onIdle;
  }

  /** Photos that wait or are being answered. */
  get inside(): number {
    return this.#inside;
  }

  /**
   * @returns what is to be called when the photos leave, with whether they were answered
   * @throws Overloaded where they don't fit beside those that are inside
   */
  admit(photos: number): (answered: boolean) => void {
    if (this.#inside + photos > this.#most) throw new Overloaded(this.#secondsUntilRoom(photos));
    // The pace is that of work, not of silence.
    if (this.#inside === 0) this.#answered = [];
    this.#inside += photos;
    return (answered) => {
      this.#inside -= photos;
      if (answered) this.#note(photos);
      if (this.#inside === 0) this.#onIdle();
    };
  }

  #note(photos: number): void {
    const now = performance.now();
    for (let left = photos; left > 0; left -= 1) this.#answered.push(now);
    if (this.#answered.length > paceOver)
      this.#answered.splice(0, this.#answered.length - paceOver);
  }

  #secondsUntilRoom(photos: number): number {
    const [oldest] = this.#answered;
    if (oldest === undefined) return shortest;
    const pace = (1000 * this.#answered.length) / Math.max(1, performance.now() - oldest);
    const excess = this.#inside + photos - this.#most;
    return Math.min(longest, Math.max(shortest, Math.ceil(excess / pace)));
  }
}
