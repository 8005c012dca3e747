import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import path from 'node:path';
import { temporaryName } from '../../files.js';
import { size } from '../format.js';

/** Told at once: who writes by the thousand must not hold up the screen. */
const linesAtOnce = 64;
const bytesAtOnce = 65_536;
const longestLine = 4096;
/** What waits beyond this is left out. */
const largestBacklog = 1_000_000;
const newline = 10;

/** A file without a name into which anything may write, and whose lines are read as they come. */
export class OutputFile {
  readonly descriptor = openNameless();
  /** Bytes that have been read as lines. */
  position = 0;

  /** A full disk loses this and breaks nothing. */
  write(chunk: string | Uint8Array): void {
    try {
      writeSync(this.descriptor, typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    } catch {}
  }

  /** The next whole lines, some of them if there are many; those without a letter are left out. */
  read(): string[] {
    return [...this.#next(false), ...this.#cutBack(largestBacklog)];
  }

  /** What is left, an unfinished line too, as far as it is no flood. */
  readRest(): string[] {
    return [...this.#next(true), ...this.#next(true), ...this.#cutBack(0)];
  }

  close(): void {
    closeSync(this.descriptor);
  }

  #next(unfinished: boolean): string[] {
    const chunk = Buffer.allocUnsafe(bytesAtOnce);
    const end = readSync(this.descriptor, chunk, 0, bytesAtOnce, this.position);
    const lines: string[] = [];
    let from = 0;
    while (from < end && lines.length < linesAtOnce) {
      const limit = Math.min(end, from + longestLine);
      const at = chunk.subarray(from, limit).indexOf(newline);
      const cut = limit === from + longestLine || unfinished;
      if (at < 0 && !cut) break;
      const to = at < 0 ? limit : from + at;
      lines.push(chunk.toString('utf8', from, to).trimEnd());
      from = at < 0 ? to : to + 1;
    }
    this.position += from;
    return lines.filter((line) => line.trim() !== '');
  }

  /** Empties a file that has grown large, so that a long run fills no disk. */
  #cutBack(backlog: number): string[] {
    const { size: bytes } = fstatSync(this.descriptor);
    const unread = bytes - this.position;
    if (unread <= backlog && (unread > 0 || bytes <= largestBacklog)) return [];
    ftruncateSync(this.descriptor);
    this.position = 0;
    return unread > 0 ? [`${size(unread)} more of output, left out`] : [];
  }
}

/** Without a place for a file what is written is lost. */
function openNameless(): number {
  const file = path.join(tmpdir(), temporaryName());
  try {
    const descriptor = openSync(file, 'ax+', 0o600);
    rmSync(file, { force: true });
    return descriptor;
  } catch {
    return openSync(devNull, 'a+');
  }
}
