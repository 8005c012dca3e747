import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { GillnetError, ioError } from './errors.js';

/** Behind a whole line of a file: how many lines there are until there, and bytes. */
export interface Position {
  number: number;
  bytes: number;
}

/** A whole line of a file and where it ends, or that there is none for now. */
export type Followed = ({ line: string } & Position) | 'waiting';

export const beginning: Position = { number: 0, bytes: 0 };

/** Bytes read at once: what is held of a long file, besides its longest line. */
const chunkBytes = 65_536;
/** Some file systems, those of networks and container volumes among them, tell of no changes. */
const pollMilliseconds = 250;

/**
 * The lines of a file that another process may be appending to, each once and as soon as it is whole. When all
 * are told it says `waiting`, again after each pause, until the reader leaves or the signal aborts.
 * @param from lines in front of here are left out
 * @throws GillnetError NOT_FOUND when the file is not there, or goes; DAMAGED when it gets shorter; IO
 */
export async function* followLines(
  file: string,
  signal: AbortSignal,
  from = beginning,
): AsyncGenerator<Followed> {
  const handle = await open(file).catch(refused(file));
  const changes = new Changes(file, signal);
  try {
    let { number, bytes: position } = from;
    let begun: Buffer[] = [];
    while (!signal.aborted) {
      const chunk = await readChunk(handle, position, file);
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
        const line = Buffer.concat([...begun, chunk.subarray(start, end)]).toString();
        begun = [];
        start = end + 1;
        number += 1;
        yield { line, number, bytes: position + start };
        if (signal.aborted) return;
      }
      position += chunk.length;
      if (start < chunk.length) begun.push(chunk.subarray(start));
      if (chunk.length > 0) continue;
      yield 'waiting';
      await changes.next();
      await checkGrowing(file, position);
    }
  } finally {
    changes.close();
    await handle.close().catch(() => {});
  }
}

/** Wakes at a change of a file, or after a while without being told of any. */
class Changes {
  #watcher: FSWatcher | null = null;
  #changed = false;
  #wake = () => {};

  constructor(
    file: string,
    readonly signal: AbortSignal,
  ) {
    try {
      this.#watcher = watch(file, () => this.#tell());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // The system's watches are used up, or its file system has none: polling does.
    }
    signal.addEventListener('abort', this.#tell);
  }

  #tell = () => {
    this.#changed = true;
    this.#wake();
  };

  async next(): Promise<void> {
    if (!this.#changed && !this.signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pollMilliseconds);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#changed = false;
  }

  close(): void {
    this.#watcher?.close();
    this.signal.removeEventListener('abort', this.#tell);
  }
}

async function readChunk(handle: FileHandle, position: number, file: string): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  const { bytesRead } = await handle.read(buffer, 0, chunkBytes, position).catch(refused(file));
  return buffer.subarray(0, bytesRead);
}

async function checkGrowing(file: string, position: number): Promise<void> {
  const { size } = await stat(file).catch(refused(file));
  if (size >= position) return;
  throw new GillnetError(
    'DAMAGED',
    `${file} has become shorter while it was read, from ${position} to ${size} bytes; it should only grow. ` +
      'Start again to read what is there now.',
  );
}

/** Throws what the file system says of this file as an error for a person. */
function refused(file: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    if (cause.code !== 'ENOENT') throw ioError(`read ${file}`, cause);
    throw new GillnetError('NOT_FOUND', `There is no ${file}.`, { cause });
  };
}
