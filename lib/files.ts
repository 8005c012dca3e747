import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { GillnetError, messageOf } from './errors.js';

/**
 * Makes a folder and those above it, which a power cut leaves there. Node never returns where a relative one is to be
 * made below a working directory that was deleted, so that it is made by its whole path.
 */
export async function makeFolder(folder: string): Promise<void> {
  const whole = path.resolve(folder);
  const first = await mkdir(whole, { recursive: true });
  for (let made = whole; first !== undefined && made.length >= first.length; ) {
    made = path.dirname(made);
    await syncFolder(made);
  }
}

/** Flushes the names that a folder holds. */
export function syncFolder(folder: string): Promise<void> {
  return withHandle(folder, 'r', (handle) => handle.sync());
}

/** What a file is to hold, perhaps in parts. */
export type Body = string | Uint8Array | Uint8Array[];

/**
 * Writes a file of a folder that is there, whole or not at all: under a temporary name, flushed, then moved to
 * its own. After a power cut the file is the old one or the new one. @throws the file system's error
 */
export function replaceFile(file: string, body: Body): Promise<void> {
  return writeThrough(file, body, rename);
}

/** As `replaceFile`, but refuses with EEXIST what is there, also when another process just made it. */
export function createFile(file: string, body: Body): Promise<void> {
  return writeThrough(file, body, link);
}

/**
 * All of a file by one request of the system: readFile makes one for each half megabyte, and puts the parts together
 * afterwards, which takes three times as long for a model. @throws the file system's error
 */
export function readWhole(file: string): Promise<Buffer> {
  return withHandle(file, 'r', async (handle) => {
    const { size } = await handle.stat();
    const bytes = Buffer.allocUnsafeSlow(size);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await handle.read(bytes, at, size - at);
      // It was cut off meanwhile.
      if (bytesRead === 0) return bytes.subarray(0, at);
      at += bytesRead;
    }
    return bytes;
  });
}

/** A text file that a person has named. @param what it is, for messages @throws GillnetError NOT_FOUND */
export function readNamed(what: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause) => {
    throw new GillnetError('NOT_FOUND', `${what} can't be read: ${messageOf(cause)}.`, { cause });
  });
}

/** Folders that this process has swept: to look through one at each write takes the square of what it holds. */
const swept = new Set<string>();

async function writeThrough(
  file: string,
  body: Body,
  publish: (temporary: string, file: string) => Promise<void>,
): Promise<void> {
  const folder = path.dirname(file);
  const temporary = path.join(folder, temporaryName());
  if (!swept.has(folder)) await sweep(folder);
  swept.add(folder);
  try {
    await withHandle(temporary, 'wx', async (handle) => {
      await writeFile(handle, body);
      await handle.sync();
    });
    await publish(temporary, file);
    await syncFolder(folder);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A hidden name for what is not whole yet, which tells whose it is. */
export function temporaryName(): string {
  return `.${hostname()}.${process.pid}.${randomUUID()}.tmp`;
}

/** Deletes what killed processes of this machine left half written in `folder`. */
export async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const own = name.startsWith(`.${hostname()}.`) && name.endsWith('.tmp');
    const owner = own && Number(name.slice(hostname().length + 2).split('.')[0]);
    if (owner && !isAlive(owner))
      await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

/** True while a process of this number runs on this machine. */
export function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A process as files name it. */
export interface Owner {
  host: string;
  id: number;
}

export function thisProcess(): Owner {
  return { host: hostname(), id: process.pid };
}

/** Whether it runs on this machine; what another machine's does is not known. */
export function runsHere({ host, id }: Owner): boolean {
  return host === hostname() && isAlive(id);
}

/** Opens a file for `work`, and closes it. @throws the file system's error */
export async function withHandle<T>(
  file: string,
  flags: string,
  work: (handle: Awaited<ReturnType<typeof open>>) => Promise<T>,
): Promise<T> {
  const handle = await open(file, flags);
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}
