import type { NativeState } from '../native.js';

/** Values in the trainable tensors of a network, which has others that training moves without gradients. */
export function parameterCount(state: NativeState): number {
  const isBuffer = /\.(running_mean|running_var|num_batches_tracked)$/;
  return Object.entries(state)
    .filter(([name]) => !isBuffer.test(name))
    .reduce((sum, [, { shape }]) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
