import { GillnetError } from '../errors.js';
import type { Clock } from './clock.js';
import { event, type GillnetEvent } from './events.js';

/** A checkpoint of a ResNet-18 is 180 MB; writing it more often would slow short epochs. */
const defaultSeconds = 60;

export interface CheckpointingOptions {
  /** Makes a checkpoint of where the training is, and keeps it. */
  keep: () => Promise<void>;
  /** Between two of them. */
  seconds?: number | undefined;
  clock: Clock;
}

/** When a training keeps checkpoints. */
export class Checkpointing {
  #keep: () => Promise<void>;
  #seconds: number;
  #clock: Clock;
  #last: number;

  constructor({ keep, seconds = defaultSeconds, clock }: CheckpointingOptions) {
    this.#keep = keep;
    this.#seconds = seconds;
    this.#clock = clock;
    this.#last = clock.now();
  }

  get isDue(): boolean {
    return this.#clock.secondsSince(this.#last) >= this.#seconds;
  }

  /** Keeps one now, or fails. */
  async keep(): Promise<void> {
    await this.#keep();
    this.#last = this.#clock.now();
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
      this.#last = this.#clock.now();
      yield event('warning', { code: error.code, message: `${error.message} Training goes on.` });
    }
  }
}
