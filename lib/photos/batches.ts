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
  /** Of each batch a part alone, those of all ranks in their order making the whole; also where it is empty. */
  share?: Share | undefined;
  /** Called for an item that can't be read; the batch goes on without it. */
  onSkipped?: ((item: T, error: GillnetError) => void) | undefined;
}

/** Which rank's part, of how many. */
export interface Share {
  rank: number;
  size: number;
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
  const { batchSize, size, ahead, signal, share, onSkipped } = options;
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

  const parts = partsOf(items.length, batchSize, share);
  const largest = Math.max(0, ...parts.map(({ from, to }) => to - from));
  const reads = mapConcurrent(
    parts.flatMap(({ from, to }) => items.slice(from, to)),
    ahead,
    readOne,
  );
  try {
    for (const [index, { from, to }] of parts.entries()) {
      // The consumer may still hold the last batch.
      const pixels = new Uint8Array(photoBytes * largest);
      const kept: T[] = [];
      const places: number[] = [];
      for (let place = from; place < to; place += 1) {
        const { value: read } = await reads.next();
        if (signal?.aborted || !read) return;
        if (read.pixels) {
          pixels.set(read.pixels, photoBytes * kept.length);
          kept.push(read.item);
          places.push(place);
        } else if (read.error) onSkipped?.(read.item, read.error);
      }
      if (kept.length === 0 && !share) continue;
      yield {
        ...{ index, count: kept.length, height: size, width: size, items: kept, places },
        pixels: pixels.subarray(0, photoBytes * kept.length),
      };
      if (signal?.aborted) return;
    }
  } finally {
    await reads.return(undefined);
  }
}

/** Where the part of each batch begins and ends among all items. */
function partsOf(count: number, batchSize: number, share: Share = { rank: 0, size: 1 }) {
  return Array.from({ length: Math.ceil(count / batchSize) }, (_, index) => {
    const begin = index * batchSize;
    const length = Math.min(batchSize, count - begin);
    const at = (rank: number) => begin + Math.floor((length * rank) / share.size);
    return { from: at(share.rank), to: at(share.rank + 1) };
  });
}
