// Runs test files, each in a process of its own and with an end. uvu can end with 0 when a hook throws, so
// each file records how many tests it holds and how many ran, and both must agree.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './shell.mjs';

/**
 * The last line says `N passed, N failed`.
 * @param sources folder of the test files; those in folders below it are not taken
 * @param compiled folder of what they were compiled to
 * @param words only files whose name holds one of them; all where there are none
 * @param limitSeconds for a file, after which it is killed and counts as failed
 * @returns the exit status
 */
export async function runTests({ sources, compiled, words, limitSeconds }) {
  const files = readdirSync(sources)
    .filter((name) => /\.test\.tsx?$/.test(name))
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
    .sort();
  const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-test-'));
  const totals = { passed: 0, failed: 0, skipped: 0 };

  for (const file of files) {
    const record = path.join(folder, file);
    const began = performance.now();
    const ended = await runFile(
      path.join(compiled, file.replace(/\.tsx?$/, '.js')),
      { ...process.env, GILLNET_TEST_RECORD: record, CI: process.env.CI ?? '1' },
      limitSeconds,
    );
    const { written = 0, passed = 0, skipped = 0 } = readRecord(record);
    const failed = Math.max(written - passed - skipped, ended.well ? 0 : 1, written === 0 ? 1 : 0);
    totals.passed += passed;
    totals.skipped += skipped;
    totals.failed += failed;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(
      `${failed > 0 ? 'FAILED' : 'ok'}  ${file}: ${passed} of ${written} passed, ${skipped} skipped, ${seconds} s${ended.how}`,
    );
    if (ended.interrupted) break;
  }

  rmSync(folder, { recursive: true, force: true });
  if (files.length === 0) {
    console.log(`No test file's name holds ${words.join(' or ')}.`);
    totals.failed += 1;
  }
  if (totals.skipped > 0)
    console.log(`${totals.skipped} skipped: what they need is not on this machine`);
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  return totals.failed > 0 ? 1 : 0;
}

function runFile(file, env, limitSeconds) {
  return new Promise((resolve) => {
    // A group of its own, so that its end takes along what it has started.
    const child = spawn(process.execPath, [file], {
      cwd: root,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    });
    let late = false;
    let interrupted = false;
    // npm passes on what the terminal has sent already: neither may end the runner before it has counted.
    const interrupt = (signal) => {
      interrupted = true;
      endGroup(signal);
    };
    const signals = ['SIGINT', 'SIGTERM'];
    for (const signal of signals) process.on(signal, interrupt);
    const endGroup = (signal) => {
      try {
        process.kill(-child.pid, signal);
      } catch {
        // It has ended by itself.
      }
    };
    const timer = setTimeout(() => {
      late = true;
      endGroup('SIGKILL');
    }, limitSeconds * 1000);
    child.on('exit', (status, signal) => {
      clearTimeout(timer);
      if (!interrupted) for (const signal of signals) process.off(signal, interrupt);
      endGroup('SIGKILL');
      const how = late ? `, killed after ${limitSeconds} s` : `, ended with ${signal ?? status}`;
      const well = status === 0 && !interrupted;
      resolve({ well, interrupted, how: well ? '' : how });
    });
  });
}

function readRecord(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}
