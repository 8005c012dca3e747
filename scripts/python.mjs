// Pythons of their own for tests, each with the packages that a list in scripts/ names.
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ask, root, run } from './shell.mjs';

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
  const work = `${folder}.${process.pid}`;
  try {
    const steps = [
      ['python3', ['-m', 'venv', work]],
      [
        path.join(work, 'bin/python'),
        ['-m', 'pip', 'install', '-q', '--no-deps', '-r', fileOf(list)],
      ],
    ];
    for (const [program, given] of steps) {
      const status = await run(program, given);
      if (status !== 0) throw new Error(`${program} ended with ${status}; it says why above`);
    }
    const command = ['exec "$(dirname "$0")/bin/python"', ...args, '"$@"'].join(' ');
    const starter = `#!/bin/sh\n${command}\n`;
    writeFileSync(path.join(work, name), starter, { mode: 0o755 });
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
