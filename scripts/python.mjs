// Pythons of their own for tests, each with the packages that a list in scripts/ names.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ask, root, runWell, wholly } from './shell.mjs';

const fileOf = (list) => path.join(root, 'scripts', list);

/** Changes with the list. */
export function pythonVersion(list) {
  return createHash('sha256')
    .update(readFileSync(fileOf(list)))
    .digest('hex')
    .slice(0, 12);
}

/**
 * Makes the environment whole or not at all; its Python is the file `name` in `folder`.
 * @param args of that Python, before those that the file is given
 */
export async function installPython(list, folder, name, args = []) {
  if (!ask('python3', ['--version']))
    throw new Error('it is made with Python 3.11 or newer; install it');
  const packages = ['-m', 'pip', 'install', '-q', '--no-deps', '-r', fileOf(list)];
  await wholly(folder, async (work) => {
    await runWell('python3', ['-m', 'venv', work]);
    await runWell(path.join(work, 'bin/python'), packages);
    const command = ['exec "$(dirname "$0")/bin/python"', ...args, '"$@"'].join(' ');
    writeFileSync(path.join(work, name), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  });
}
