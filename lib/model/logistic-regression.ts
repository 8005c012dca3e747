import {
  loadAddon,
  type NativeFolds,
  type NativeHead,
  type NativeLabelledFeatures,
  toldLater,
} from '../native.js';

/**
 * Confidences of photos by models that have not seen them: of each, float32 [count, classes], by a multinomial
 * logistic regression with an L2 penalty that was fitted to the photos of the other folds, on features
 * standardised over all photos. The same for the same input and number of threads.
 * @throws GillnetError INVALID_ARGUMENT, INTERRUPTED once the signal is aborted, OUT_OF_MEMORY, ADDON
 */
export function outOfFold(folds: NativeFolds, signal?: AbortSignal): Promise<Float32Array> {
  return stoppable(signal, (stop) => loadAddon().outOfFold({ ...folds, stop }));
}

/** The head of least penalised loss over all photos, by the same regression. @throws as `outOfFold` does */
export function fitHead(photos: NativeLabelledFeatures, signal?: AbortSignal): Promise<NativeHead> {
  return stoppable(signal, (stop) => loadAddon().fitHead({ ...photos, stop }));
}

async function stoppable<T>(
  signal: AbortSignal | undefined,
  fit: (stop: Int32Array) => Promise<T>,
): Promise<T> {
  const stop = Int32Array.of(signal?.aborted ? 1 : 0);
  const end = () => void Atomics.store(stop, 0, 1);
  signal?.addEventListener('abort', end);
  try {
    return await toldLater(fit(stop));
  } finally {
    signal?.removeEventListener('abort', end);
  }
}
