import type { NativeTensor } from '../native.js';

/** Values in the trainable tensors of a network, which has others that training moves without gradients. */
export function parameterCount(state: Record<string, Pick<NativeTensor, 'shape'>>): number {
  const isBuffer = /\.(running_mean|running_var|num_batches_tracked)$/;
  return Object.entries(state)
    .filter(([name]) => !isBuffer.test(name))
    .reduce((sum, [, { shape }]) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/** A tensor of these values, which are not copied. */
export function float32(shape: number[], values: Float32Array): NativeTensor {
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { dtype: 'float32', shape, data };
}
