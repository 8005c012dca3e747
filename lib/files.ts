import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * Writes a file whole or not at all: under a temporary name, flushed, then moved to its own. After a
 * power cut the file is the old one or the new one. @throws the file system's error
 */
export function replaceFile(file: string, body: Uint8Array | string): Promise<void> {
  return writeThrough(file, body, rename);
}

/** As `replaceFile`, but refuses with EEXIST what is there, also when another process just made it. */
export function createFile(file: string, body: Uint8Array | string): Promise<void> {
  return writeThrough(file, body, link);
}

async function writeThrough(
  file: string,
  body: Uint8Array | string,
  publish: (temporary: string, file: string) => Promise<void>,
): Promise<void> {
  const folder = path.dirname(file);
  const temporary = path.join(folder, `.${randomUUID()}.tmp`);
  await mkdir(folder, { recursive: true });
  try {
    await withHandle(temporary, 'wx', async (handle) => {
      await handle.writeFile(body);
      await handle.sync();
    });
    await publish(temporary, file);
    await withHandle(folder, 'r', (handle) => handle.sync());
  } finally {
    await rm(temporary, { force: true });
  }
}

async function withHandle(
  file: string,
  flags: string,
  work: (handle: Awaited<ReturnType<typeof open>>) => Promise<void>,
): Promise<void> {
  const handle = await open(file, flags);
  try {
    await work(handle);
  } finally {
    await handle.close();
  }
}
