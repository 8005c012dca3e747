// What Docker's own code says, without Docker.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { Skip } from '../checks.mjs';
import { root } from '../shell.mjs';

/** Asks main.go, which holds it. @throws Error with its words when it refuses the file */
export function askDocker(question, ...args) {
  const { error, status, stdout, stderr } = spawnSync('go', ['run', '.', question, ...args], {
    cwd: path.join(root, 'scripts/containers'),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (error) throw new Skip('needs Go 1.21 or newer (go.dev/dl) for the code of Docker Compose');
  const [unavailable] = /^go: (?!downloading).*/m.exec(stderr) ?? [];
  if (status !== 0 && unavailable) throw new Skip(`the code of Docker Compose: ${unavailable}`);
  if (status !== 0) throw new Error(stderr.replace(/\nexit status \d+\s*$/, '').trim());
  return JSON.parse(stdout);
}
