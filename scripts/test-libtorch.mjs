// Builds and tests with each LibTorch that gillnet supports, in a copy of the clone for each:
//   npm run test:libtorch            both: the 2.x of the wheel, and the system's (Debian's 1.13.1)
//   npm run test:libtorch -- system  one of them, by its name in scripts/libtorch.mjs
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { linkData, root } from './shell.mjs';

const left = new Set(['build', 'build-sanitized', 'dist', '.git', '.gillnet']);
const names = process.argv.slice(2);
const outcomes = [];

for (const source of names.length > 0 ? names : ['cache', 'system']) {
  const work = mkdtempSync(path.join(tmpdir(), `gillnet-libtorch-${source}-`));
  const copy = path.join(work, 'gillnet');
  const kept = (from) =>
    !left.has(path.relative(root, from)) && !path.relative(root, from).startsWith('dist-');
  cpSync(root, copy, { recursive: true, filter: kept, verbatimSymlinks: true });
  linkData(work);
  const { status, signal } = spawnSync('npm', ['test'], {
    cwd: copy,
    stdio: 'inherit',
    env: {
      ...process.env,
      GILLNET_LIBTORCH_SOURCE: source,
      LIBTORCH: '',
      LIBTORCH_USE_PYTORCH: '',
    },
  });
  outcomes.push({ source, ended: signal ?? status });
  rmSync(work, { recursive: true, force: true });
  if (signal === 'SIGINT') break;
}
for (const { source, ended } of outcomes) {
  console.log(`LibTorch from ${source}: ${ended === 0 ? 'passed' : `ended with ${ended}`}`);
}
process.exitCode = outcomes.every(({ ended }) => ended === 0) ? 0 : 1;
