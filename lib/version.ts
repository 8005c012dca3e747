import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of this package, as its package.json says. */
export const version = (
  createRequire(import.meta.url)('gillnet/package.json') as { version: string }
).version;

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The commit of the checkout that runs, with `-dirty` where its files differ; null for an installed package. */
export function commit(): string | null {
  if (!existsSync(path.join(root, '.git'))) return null;
  const args = ['-C', root, 'describe', '--always', '--exclude=*', '--abbrev=40', '--dirty'];
  try {
    return execFileSync('git', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}
