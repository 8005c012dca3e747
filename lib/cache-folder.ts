import { homedir } from 'node:os';
import path from 'node:path';

/** Where what was fetched once is kept for all projects; scripts/libtorch.mjs keeps LibTorch there too. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  return process.env.GILLNET_CACHE || path.join(base, 'gillnet');
}
