import { type Dtype, loadAddon } from '../native.js';

/** What training may compute in. */
export const dtypes = ['float32', 'bfloat16'] as const satisfies Dtype[];

/**
 * What this processor trains in the fastest. bfloat16 takes half the memory, and anything from half the time of float32
 * to fifteen times as long, by what the processor's instructions for it are worth.
 */
export function fastestDtype(): Dtype {
  return loadAddon().isFasterInBfloat16() ? 'bfloat16' : 'float32';
}
