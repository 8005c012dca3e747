import type { NativeOptimizer } from '../native.js';

/** How a network is trained: everything that changes the weights besides photos and seed. */
export interface Recipe {
  name: string;
  epochs: number;
  batchSize: number;
  /** Edge of the model's square input in pixels, at which it is judged. */
  imageSize: number;
  /** Edge of what it is trained on: a smaller one takes less time. */
  trainSize: number;
  /** Edge at which photos are decoded and cached for training; crops are cut from it. */
  decodeSize: number;
  optimizer: NativeOptimizer;
  /** Peak of the schedule. */
  learningRate: number;
  /** What it is multiplied by for stem, layer1, layer2, layer3, layer4 and head; 0 leaves them as they are. */
  factors: [number, number, number, number, number, number];
  schedule: 'constant' | 'one-cycle';
  /**
   * The head begins as a logistic regression, of this penalty, of what the pretrained network sees in each photo; null
   * for a random one.
   */
  headPenalty: number | null;
  /** Batch norms keep the statistics that they were pretrained with. */
  frozenStatistics: boolean;
  /** 0…1, see Szegedy et al. 2016, arXiv:1512.00567. */
  labelSmoothing: number;
  /** Probability of a horizontal flip. */
  flip: number;
  /** Brightness, contrast and saturation are each multiplied by a factor between 1 less this and 1 more; 0…1. */
  colourJitter: number;
  /** Smallest share of the photo's area that a random resized crop keeps; 1 for no crops. */
  cropScale: number;
}
