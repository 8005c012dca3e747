import { type Dtype, loadAddon, type NativeCudaDevice } from '../native.js';

/** What training may compute in; float16 on cards alone. */
export const dtypes = ['float32', 'bfloat16', 'float16'] as const satisfies Dtype[];

/**
 * What this processor, or a card, trains in the fastest. bfloat16 takes half the memory, and anything from half the time of float32
 * to fifteen times as long, by what the processor's instructions for it are worth. Cards have it from compute capability 8.0 on, and float16 before.
 */
export function fastestDtype(card: NativeCudaDevice | null = null): Dtype {
  if (card) return Number.parseInt(card.capability, 10) >= 8 ? 'bfloat16' : 'float16';
  return loadAddon().isFasterInBfloat16() ? 'bfloat16' : 'float32';
}
