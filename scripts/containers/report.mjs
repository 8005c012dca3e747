// How the checks of the container files tell what they found.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { root } from '../shell.mjs';

export const totals = { passed: 0, failed: 0, skipped: 0 };

/** What a check needs is not on this machine. */
export class Skip extends Error {}

/** One check. @param problems what is wrong, in words; empty when all is right */
export function check(name, problems) {
  if (problems.length === 0) {
    totals.passed += 1;
    console.log(`ok       ${name}`);
    return;
  }
  totals.failed += 1;
  console.log(`FAILED   ${name}`);
  for (const problem of problems) console.log(`         ${problem}`);
}

/** What Docker's own code says (main.go). @throws Error with its words when it refuses the file */
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
