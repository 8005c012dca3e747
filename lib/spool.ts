import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GillnetError, messageOf } from './errors.js';

/** Bytes that are needed again later, and would take too much memory until then: in a file without a name. */
export class Spool {
  readonly #file: number;
  #end = 0;

  /** @throws GillnetError IO */
  constructor() {
    this.#file = told(() => {
      const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-'));
      try {
        return openSync(path.join(folder, 'spool'), 'wx+', 0o600);
      } finally {
        // What is open stays readable, and ends with the process.
        rmSync(folder, { recursive: true });
      }
    });
  }

  /** @returns what reads them again, as often as it is asked, until the spool is closed. @throws GillnetError IO */
  add(bytes: Uint8Array): () => Uint8Array {
    const start = this.#end;
    const { length } = bytes;
    told(() => {
      for (let at = 0; at < length; )
        at += writeSync(this.#file, bytes, at, length - at, start + at);
    });
    this.#end += length;
    return this.#readerOf(start, length);
  }

  /** By itself, as a closure keeps all that any other of the same function uses: the bytes. */
  #readerOf(start: number, length: number): () => Uint8Array {
    return () =>
      told(() => {
        const bytes = Buffer.allocUnsafeSlow(length);
        for (let at = 0; at < length; ) {
          const read = readSync(this.#file, bytes, at, length - at, start + at);
          if (read === 0) throw new Error('it was cut off');
          at += read;
        }
        return bytes;
      });
  }

  close(): void {
    closeSync(this.#file);
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
