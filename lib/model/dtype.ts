import { type Dtype, loadAddon } from '../native.js';

/** What training may compute in. */
export const dtypes = ['float32', 'bfloat16'] as const satisfies Dtype[];

/**
 * What a processor trains in the fastest: bfloat16 takes half the memory and, where there are instructions for it, half
 * the time; elsewhere it takes fifteen times as long.
 * @param features of `NativeAddon.processorFeatures`; default this processor's
 */
export function fastestDtype(features: string[] = loadAddon().processorFeatures()): Dtype {
  const fast = features.includes('avx512_bf16') || features.includes('amx_bf16');
  return fast ? 'bfloat16' : 'float32';
}
