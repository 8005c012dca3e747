import { GillnetError } from '../errors.js';
import type { Clock } from './clock.js';
import { event, type GillnetEvent } from './events.js';

/** A checkpoint of a ResNet-18 is 180 MB; writing it more often would slow short epochs. */
const defaultSeconds = 60;

/** When a training keeps checkpoints. */
export class Checkpointing {
  #keep: () => Promise<void>;
  #clock: Clock;
  #seconds: number;
  #last = 0;

  /**
   * @param keep makes a checkpoint of where the training is, and keeps it
   * @param clock begins with the training
   * @param seconds between two checkpoints
   */
  constructor(keep: () => Promise<void>, clock: Clock, seconds = defaultSeconds) {
    this.#keep = keep;
    this.#clock = clock;
    this.#seconds = seconds;
  }

  get isDue(): boolean {
    return this.#clock.seconds - this.#last >= this.#seconds;
  }

  /** Keeps one now, or fails. */
  async keep(): Promise<void> {
    await this.#keep();
    this.#last = this.#clock.seconds;
  }

  async *keepWhenDue(): AsyncGenerator<GillnetEvent, void> {
    if (this.isDue) yield* this.tryToKeep();
  }

  /** A full disk must not end hours of training: the model itself may go elsewhere. */
  async *tryToKeep(): AsyncGenerator<GillnetEvent, void> {
    try {
      await this.keep();
    } catch (error) {
      if (!(error instanceof GillnetError) || error.code !== 'IO') throw error;
      this.#last = this.#clock.seconds;
      yield event('warning', { code: error.code, message: `${error.message} Training goes on.` });
    }
  }
}
