import type { NativeState } from '../native.js';
import type { GillnetEvent } from './events.js';
import type { Plan } from './requests.js';

/** Seconds of an epoch, and those of them before its validation. */
export interface Spent {
  all: number;
  training: number;
}

/** How far a training is, between two steps. */
export interface TrainProgress {
  /** The last epoch that has ended, validation included; -1 where epoch 0, the head alone, is still to come. */
  epochs: number;
  /** Steps done in the epoch under way, and over what. */
  steps: number;
  lossSum: number;
  /** Photos told right, of those seen. */
  correct: number;
  photosSeen: number;
  /** What the epoch under way has taken; older ones do not say. */
  spent?: Spent;
  /** The best epoch so far, counted from 1. */
  best: { epoch: number; valAccuracy: number } | null;
  plan: Plan;
  /** What was told of the epochs that have ended. */
  history: GillnetEvent<'epoch'>[];
}

/** Enough to go on as if nothing had happened: all randomness is drawn from seed, epoch and position. */
export interface Checkpoint {
  progress: TrainProgress;
  model: NativeState;
  optimizer: NativeState;
  /** Of the best epoch so far. */
  best: NativeState | null;
}
