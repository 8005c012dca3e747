import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cacheFolder } from '../../lib/cache-folder.js';

/**
 * A folder that takes seconds to make, made once on a machine.
 * @param name tells all that it depends on
 * @param make fills the `data` folder inside the folder that it is given
 */
export function keptFolder(name: string, make: (folder: string) => void): string {
  const kept = path.join(cacheFolder(), 'servers', name.replaceAll(/[^\w.-]+/g, '-'));
  if (existsSync(kept)) return kept;
  const made = mkdtempSync(path.join(tmpdir(), 'gillnet-data-'));
  const work = `${kept}.${process.pid}`;
  try {
    make(made);
    mkdirSync(path.dirname(kept), { recursive: true });
    cpSync(path.join(made, 'data'), work, { recursive: true });
    renameSync(work, kept);
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(kept)) throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(made, { recursive: true, force: true });
  }
  return kept;
}
