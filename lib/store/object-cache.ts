import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../errors.js';
import { makeFolder, sweep, temporaryName } from '../files.js';
import type { Warn } from '../server.js';

const hashBytes = 32;
/** Share of the limit that is left after making room, so that room is not made at every write. */
const kept = 0.9;
/** Share of the limit after which the folder is measured again: other processes write there too. */
const measuredEvery = 0.05;
/** Seconds within which a second use is not recorded again. */
const useResolution = 600;

/**
 * Bytes that came from a server, held in a folder under what identifies them. Each file begins with the
 * SHA-256 of the rest: what a crash or a failing disk left is fetched again, never handed out. Any number
 * of processes may share the folder.
 */
export class ObjectCache {
  #warn: Warn | undefined;
  /** Written by this process since the folder was measured; undefined before the first write. */
  #written: number | undefined;
  #room: Promise<void> | undefined;
  #full = false;

  /** @param limit bytes that the folder may hold, approximately; 0 keeps nothing */
  constructor(
    readonly folder: string,
    readonly limit: number,
    warn?: Warn,
  ) {
    this.#warn = warn;
  }

  /** The bytes that `identity` stands for, from the folder or by `fetch`. @throws what `fetch` throws */
  async read(identity: string, fetch: () => Promise<Buffer>): Promise<Buffer> {
    if (this.limit === 0) return fetch();
    const file = this.#fileOf(identity);
    const held = await readHeld(file);
    if (held) return held;
    const body = await fetch();
    await this.#keep(file, body);
    return body;
  }

  #fileOf(identity: string): string {
    const name = createHash('sha256').update(identity).digest('hex');
    return path.join(this.folder, name.slice(0, 2), name.slice(2));
  }

  async #keep(file: string, body: Buffer): Promise<void> {
    const bytes = hashBytes + body.length;
    if (this.#full || bytes > this.limit * measuredEvery) return;
    const temporary = path.join(this.folder, temporaryName());
    try {
      await makeFolder(path.dirname(file));
      await this.#makeRoom(bytes);
      // Not flushed: after a power cut the hash tells that it is not whole.
      await writeFile(temporary, Buffer.concat([sha256(body), body]), { flag: 'wx' });
      await rename(temporary, file);
    } catch (error) {
      // Nothing is lost but time, so it is told once and not tried again.
      if (!this.#full) {
        this.#warn?.(
          'CACHE',
          `What is fetched can't be kept in ${this.folder} (${messageOf(error)}); it is fetched anew each time. ` +
            'Make room, or name another folder with GILLNET_CACHE.',
        );
      }
      this.#full = true;
      await rm(temporary, { force: true }).catch(() => {});
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    await this.#room;
    if (this.#written !== undefined && this.#written < this.limit * measuredEvery) {
      this.#written += bytes;
      return;
    }
    this.#written = bytes;
    this.#room = this.#trim().finally(() => {
      this.#room = undefined;
    });
    await this.#room;
  }

  /** Deletes what was used longest ago until the rest fits. */
  async #trim(): Promise<void> {
    await sweep(this.folder);
    const files = await filesIn(this.folder);
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total <= this.limit) return;
    files.sort((a, b) => a.usedAt - b.usedAt);
    for (const { file, bytes } of files) {
      if (total <= this.limit * kept) return;
      await rm(file, { force: true });
      total -= bytes;
    }
  }
}

async function readHeld(file: string): Promise<Buffer | null> {
  let held: Buffer;
  try {
    held = await readFile(file);
  } catch {
    return null;
  }
  const body = held.subarray(hashBytes);
  if (!sha256(body).equals(held.subarray(0, hashBytes))) {
    await rm(file, { force: true }).catch(() => {});
    return null;
  }
  await recordUse(file).catch(() => {});
  return body;
}

async function recordUse(file: string): Promise<void> {
  const now = Date.now() / 1000;
  if (now - (await stat(file)).mtimeMs / 1000 > useResolution) await utimes(file, now, now);
}

async function filesIn(folder: string) {
  const files: { file: string; bytes: number; usedAt: number }[] = [];
  for (const part of await readdir(folder)) {
    for (const name of await readdir(path.join(folder, part)).catch(() => [])) {
      const file = path.join(folder, part, name);
      // Another process may have deleted it meanwhile.
      const facts = await stat(file).catch(() => null);
      if (facts) files.push({ file, bytes: facts.size, usedAt: facts.mtimeMs });
    }
  }
  return files;
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
