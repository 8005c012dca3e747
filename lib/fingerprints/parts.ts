import type { Spool, Spooled } from '../spool.js';

/** What a part holds back until it is spooled at once: 4,096 of them take 32 MiB. */
const chunkBytes = 8192;

/**
 * Records of some numbers each, put into parts as they come and read again part by part, so that a part at a time is
 * in memory: the first half of an external bucket sort (Knuth, *The Art of Computer Programming* 3, 5.4.8).
 */
export class Parts {
  readonly #spool: Spool;
  readonly #chunkWords: number;
  readonly #chunks: (Uint32Array | undefined)[];
  /** Words of each part that stand in its chunk. */
  readonly #used: Uint32Array;
  readonly #spooled: Spooled[][];
  #records = new Uint32Array(0);

  /** @param words uint32 words of a record @param spool used for nothing else between two calls of `clear` */
  constructor(
    readonly count: number,
    readonly words: number,
    spool: Spool,
  ) {
    this.#spool = spool;
    this.#chunkWords = Math.floor(chunkBytes / 4 / words) * words;
    this.#chunks = Array.from({ length: count }, () => undefined);
    this.#used = new Uint32Array(count);
    this.#spooled = Array.from({ length: count }, () => []);
  }

  /** @param record uint32 [words] */
  add(part: number, record: Uint32Array): void {
    const chunk = this.#chunks[part] ?? new Uint32Array(this.#chunkWords);
    this.#chunks[part] = chunk;
    let used = this.#used[part] as number;
    for (let word = 0; word < this.words; word += 1, used += 1) {
      chunk[used] = record[word] as number;
    }
    if (used === this.#chunkWords) {
      this.#spooled[part]?.push(this.#spool.add(bytesOf(chunk)));
      used = 0;
    }
    this.#used[part] = used;
  }

  /** uint32 [records, words] of a part, in the order in which they came; overwritten by the next call. */
  read(part: number): Uint32Array {
    const spooled = this.#spooled[part] as Spooled[];
    const used = this.#used[part] as number;
    const length = spooled.length * this.#chunkWords + used;
    if (length > this.#records.length) this.#records = new Uint32Array(length);
    let at = 0;
    for (const chunk of spooled) {
      this.#spool.read(chunk, bytesOf(this.#records.subarray(at, at + this.#chunkWords)));
      at += this.#chunkWords;
    }
    if (used > 0) this.#records.set((this.#chunks[part] as Uint32Array).subarray(0, used), at);
    return this.#records.subarray(0, length);
  }

  clear(): void {
    this.#used.fill(0);
    for (const spooled of this.#spooled) spooled.length = 0;
    this.#spool.clear();
  }
}

/** The same memory. */
export function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
