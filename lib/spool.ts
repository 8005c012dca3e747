import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GillnetError, messageOf } from './errors.js';

/** Where bytes stand in a spool. */
export interface Spooled {
  start: number;
  length: number;
}

/** What a thread needs to read a spool of another one, which is not written to meanwhile. */
export interface SharedSpool {
  blocks: SharedArrayBuffer[];
  memory: number;
  file: number | undefined;
}

/** What is kept in memory is taken in blocks of this size; none of what was added lies across two of them. */
const blockBytes = 1 << 20;

/**
 * Bytes that are needed again later, and may take too much memory until then: in memory as far as they may be, beyond
 * that in a file without a name.
 */
export class Spool {
  readonly #blocks: SharedArrayBuffer[] = [];
  readonly #memory: number;
  #file: number | undefined;
  #end = 0;

  /** @param memory bytes; parts of a MiB do not count */
  constructor(memory = 0) {
    this.#memory = Math.floor(memory / blockBytes) * blockBytes;
  }

  /** What another thread's spool holds, to be read alone. */
  static of({ blocks, memory, file }: SharedSpool): Spool {
    const spool = new Spool(memory);
    spool.#blocks.push(...blocks);
    spool.#file = file;
    return spool;
  }

  get shared(): SharedSpool {
    return { blocks: this.#blocks, memory: this.#memory, file: this.#file };
  }

  /** @throws GillnetError IO */
  add(bytes: Uint8Array): Spooled {
    const { length } = bytes;
    const start = this.#startOf(length);
    this.#end = start + length;
    if (start < this.#memory) {
      this.#inMemory(start, length).set(bytes);
    } else {
      told(() => {
        this.#file ??= openNameless();
        for (let at = 0; at < length; ) {
          at += writeSync(this.#file, bytes, at, length - at, start - this.#memory + at);
        }
      });
    }
    return { start, length };
  }

  /**
   * What was added there, as often as it is asked, until the spool is cleared or closed.
   * @param into as long as that
   * @throws GillnetError IO
   */
  read({ start, length }: Spooled, into = Buffer.allocUnsafeSlow(length) as Uint8Array) {
    if (start < this.#memory) {
      into.set(this.#inMemory(start, length));
      return into;
    }
    told(() => {
      for (let at = 0; at < length; ) {
        const from = start - this.#memory + at;
        const read = readSync(this.#file as number, into, at, length - at, from);
        if (read === 0) throw new Error('it was cut off');
        at += read;
      }
    });
    return into;
  }

  /** Forgets all that was added, and keeps the room for what comes. */
  clear(): void {
    this.#end = 0;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#blocks.length = 0;
  }

  /** In the block that is begun where it fits, else in the next one or, where none is left, in the file. */
  #startOf(length: number): number {
    if (this.#end >= this.#memory) return this.#end;
    const room = blockBytes - (this.#end % blockBytes);
    if (length <= room) return this.#end;
    return length <= blockBytes ? this.#end + room : this.#memory;
  }

  #inMemory(start: number, length: number): Uint8Array {
    const index = Math.floor(start / blockBytes);
    this.#blocks[index] ??= new SharedArrayBuffer(blockBytes);
    return new Uint8Array(this.#blocks[index], start % blockBytes, length);
  }
}

/** What is open stays readable, and ends with the process. */
function openNameless(): number {
  const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-'));
  try {
    return openSync(path.join(folder, 'spool'), 'wx+', 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function told<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new GillnetError(
      'IO',
      `A temporary file in ${tmpdir()} can't be used: ${messageOf(cause)}. Name another folder by TMPDIR.`,
      { cause },
    );
  }
}
