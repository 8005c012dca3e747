import { loadAddon, type NativeFolds, toldLater } from '../native.js';

/**
 * Confidences of photos by models that have not seen them: of each, float32 [count, classes], by a multinomial
 * logistic regression with an L2 penalty that was fitted to the photos of the other folds, on features
 * standardised over all photos. The same for the same input and number of threads.
 * @throws GillnetError INVALID_ARGUMENT, INTERRUPTED once the signal is aborted, OUT_OF_MEMORY, ADDON
 */
export async function outOfFold(folds: NativeFolds, signal?: AbortSignal): Promise<Float32Array> {
  const stop = Int32Array.of(signal?.aborted ? 1 : 0);
  const end = () => void Atomics.store(stop, 0, 1);
  signal?.addEventListener('abort', end);
  try {
    return await toldLater(loadAddon().outOfFold({ ...folds, stop }));
  } finally {
    signal?.removeEventListener('abort', end);
  }
}
