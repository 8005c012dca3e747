// npm test: the set-up, then every test/**/*.test.ts in a process of its own. uvu can end with 0 when a
// hook throws, so each file records how many tests it holds and how many ran, and both must agree.
//   npm test -- guard pickle     only files whose name holds one of the words
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { orExplain, setUp } from './setup.mjs';
import { root } from './shell.mjs';

await orExplain(setUp);

const words = process.argv.slice(2);
const files = readdirSync(path.join(root, 'test'))
  .filter((name) => /\.test\.tsx?$/.test(name))
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .sort();
const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-test-'));
const totals = { passed: 0, failed: 0, skipped: 0 };

for (const file of files) {
  const record = path.join(folder, file);
  const compiled = path.join(root, 'dist/test', file.replace(/\.tsx?$/, '.js'));
  const began = performance.now();
  const { status, signal } = spawnSync(process.execPath, [compiled], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, GILLNET_TEST_RECORD: record, CI: process.env.CI ?? '1' },
  });
  const { written = 0, passed = 0, skipped = 0 } = readRecord(record);
  const failed = Math.max(written - passed - skipped, status === 0 ? 0 : 1, written === 0 ? 1 : 0);
  totals.passed += passed;
  totals.skipped += skipped;
  totals.failed += failed;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const ending = status === 0 ? '' : `, ended with ${signal ?? status}`;
  console.log(
    `${failed > 0 ? 'FAILED' : 'ok'}  ${file}: ${passed} of ${written} passed, ${skipped} skipped, ${seconds} s${ending}`,
  );
  if (signal === 'SIGINT') break;
}

rmSync(folder, { recursive: true, force: true });
if (files.length === 0) {
  console.log(`No test file's name holds ${words.join(' or ')}.`);
  totals.failed += 1;
}
if (totals.skipped > 0)
  console.log(`${totals.skipped} skipped: what they need is not on this machine`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;

function readRecord(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}
