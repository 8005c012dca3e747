import type { RankedLabel } from '../metrics/softmax.js';
import type { LoadedModel } from './loaded-model.js';

/** How a second model answers beside the one that serves. */
export interface ShadowAnswer {
  labelDiffers: boolean;
  /** Of the label that was answered, 0…1. */
  confidenceDifference: number;
}

/** Who is told what the core does, such as its metrics. */
export interface Observer {
  /** The network has seen a batch. */
  batched(photos: number, seconds: number): void;
  predicted(model: LoadedModel, prediction: RankedLabel & { sure: boolean }): void;
  /** `skipped` where there was no time for it. */
  shadowed(outcome: ShadowAnswer | 'skipped' | 'failed'): void;
}
