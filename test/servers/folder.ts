import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isAlive } from '../../lib/files.js';

/*
 * All that a server writes stands in one folder, which also tells whose it is: `owner` holds the id of the
 * process that started it and `pid` the server's own. Both ids may be another program's by the time they
 * are read; a server is known by its command line, which names the folder.
 */

const prefix = 'gillnet-server-';

export function makeFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), prefix));
  writeFileSync(path.join(folder, 'owner'), String(process.pid));
  return folder;
}

export function recordServer(folder: string, pid: number): void {
  writeFileSync(path.join(folder, 'pid'), String(pid));
}

/** Kills the server that runs out of `folder` and deletes what it wrote. */
export function clean(folder: string): void {
  const pid = numberIn(path.join(folder, 'pid'));
  if (pid && commandOf(pid).includes(folder)) endGroup(pid, 'SIGKILL');
  // The server may write until it is gone.
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
}

/** Ends a server and the processes that it has started; it leads a group of its own. One that has ended is left. */
export function endGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Cleans the folders whose owners have died without that: killed, or the machine with them. */
export function cleanOrphans(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const folder = path.join(tmpdir(), name);
    const owner = numberIn(path.join(folder, 'owner'));
    // Without an owner it is just being made.
    if (owner && !isAlive(owner)) clean(folder);
  }
}

function numberIn(file: string): number | null {
  try {
    return Number(readFileSync(file, 'utf8')) || null;
  } catch {
    return null;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // Other systems than Linux have no such files.
    return (
      spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ??
      ''
    );
  }
}
