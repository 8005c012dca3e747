import { mapConcurrent } from '../concurrency.js';
import { GillnetError } from '../errors.js';

export interface BatchOptions<T> {
  /** Pixels of an item, uint8 [size, size, 3]. */
  read: (item: T) => Promise<Uint8Array>;
  batchSize: number;
  size: number;
  /** Items read ahead of the consumer: what bounds the memory. */
  ahead: number;
  signal?: AbortSignal | undefined;
  /** Called for an item that can't be read; the batch goes on without it. */
  onSkipped?: ((item: T, error: GillnetError) => void) | undefined;
}

export interface PhotoBatch<T> {
  /** Counted from 0 over all batches, also those that were left empty. */
  index: number;
  /** uint8 [count, size, size, 3] */
  pixels: Uint8Array;
  count: number;
  height: number;
  width: number;
  items: T[];
  /** Of each item its place among all. */
  places: number[];
}

/**
 * Items in batches, in their order, read ahead. Where a batch begins does not depend on which items can
 * be read. Ends early when the signal is aborted. @throws what `read` throws besides bad input
 */
export async function* batches<T>(
  items: T[],
  options: BatchOptions<T>,
): AsyncGenerator<PhotoBatch<T>> {
  const { batchSize, size, ahead, signal, onSkipped } = options;
  const photoBytes = size * size * 3;
  const readOne = async (item: T) => {
    if (signal?.aborted) return { item, pixels: null };
    try {
      return { item, pixels: await options.read(item) };
    } catch (error) {
      if (!(error instanceof GillnetError) || error.exitCode !== 2) throw error;
      return { item, pixels: null, error };
    }
  };

  let position = 0;
  let pixels = new Uint8Array(photoBytes * Math.min(batchSize, items.length));
  let kept: T[] = [];
  let places: number[] = [];
  for await (const read of mapConcurrent(items, ahead, readOne)) {
    if (signal?.aborted) return;
    if (read.pixels) {
      pixels.set(read.pixels, photoBytes * kept.length);
      kept.push(read.item);
      places.push(position);
    } else if (read.error) onSkipped?.(read.item, read.error);
    position += 1;
    if (position % batchSize !== 0 && position !== items.length) continue;
    if (kept.length > 0) {
      yield {
        index: Math.ceil(position / batchSize) - 1,
        pixels: pixels.subarray(0, photoBytes * kept.length),
        count: kept.length,
        height: size,
        width: size,
        items: kept,
        places,
      };
      // The consumer may still hold the last batch.
      pixels = new Uint8Array(pixels.length);
      kept = [];
      places = [];
    }
  }
}
