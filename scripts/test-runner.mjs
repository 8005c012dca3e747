// Runs test files, each in a process of its own and with an end. uvu can end with 0 when a hook throws, so
// each file records how many tests it holds and how many ran, and both must agree.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './shell.mjs';

/** Names of the test files in a folder that hold one of the words; all where there are none. */
export function testFiles(sources, words) {
  return readdirSync(sources)
    .filter((name) => /\.test\.tsx?$/.test(name))
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
    .sort();
}

/** The last line says `N passed, N failed`. @returns the exit status */
export function conclude({ passed, failed, skipped }) {
  if (skipped > 0) console.log(`${skipped} skipped: what they need is not on this machine`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

/**
 * @param sources folder of the test files; those in folders below it are not taken
 * @param compiled folder of what they were compiled to
 * @param words only files whose name holds one of them; all where there are none
 * @param limitSeconds for a file, after which it is killed and counts as failed
 * @param atOnce files that run beside each other; what one prints is shown once it has ended
 * @param env beside this process's own environment
 * @returns how many tests passed, failed and were skipped
 */
export async function runTests({ sources, compiled, words, limitSeconds, atOnce = 1, env = {} }) {
  const files = testFiles(sources, words);
  const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-test-'));
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const beside = Math.min(atOnce, files.length);
  const groups = new Groups();

  const waiting = files.values();
  async function runFiles() {
    for (const file of waiting) {
      const record = path.join(folder, file);
      const began = performance.now();
      const output = beside > 1 ? `${record}.out` : null;
      const ended = await groups.run(path.join(compiled, file.replace(/\.tsx?$/, '.js')), {
        env: { ...process.env, ...env, GILLNET_TEST_RECORD: record, CI: process.env.CI ?? '1' },
        ...{ limitSeconds, output },
      });
      const { written = 0, passed = 0, skipped = 0 } = readRecord(record);
      const failed = Math.max(
        ...[written - passed - skipped, ended.well ? 0 : 1, written === 0 ? 1 : 0],
      );
      totals.passed += passed;
      totals.skipped += skipped;
      totals.failed += failed;
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      if (output) process.stdout.write(readFileSync(output));
      console.log(
        `${failed > 0 ? 'FAILED' : 'ok'}  ${file}: ${passed} of ${written} passed, ${skipped} skipped, ${seconds} s${ended.how}`,
      );
      if (groups.interrupted) break;
    }
  }
  await Promise.all(Array.from({ length: beside }, runFiles));

  rmSync(folder, { recursive: true, force: true });
  if (files.length === 0) {
    console.log(`No test file's name holds ${words.join(' or ')}.`);
    totals.failed += 1;
  }
  return totals;
}

/** Node programs, each in a process group of its own, so that its end takes along what it has started. */
class Groups {
  #running = new Set();
  interrupted = false;

  constructor() {
    // npm passes on what the terminal has sent already: neither may end the runner before it has counted.
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.on(signal, () => {
        this.interrupted = true;
        for (const { pid } of this.#running) endGroup(pid, signal);
      });
    }
  }

  /**
   * @param output the file that gets what it prints; null for the terminal
   * @returns whether it ended well, and how otherwise
   */
  run(file, { env, limitSeconds, output }) {
    const printed = output ? openSync(output, 'a') : 'inherit';
    return new Promise((resolve) => {
      const stdio = ['ignore', printed, printed];
      const child = spawn(process.execPath, [file], { cwd: root, env, stdio, detached: true });
      if (output) closeSync(printed);
      this.#running.add(child);
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        endGroup(child.pid, 'SIGKILL');
      }, limitSeconds * 1000);
      child.on('exit', (status, signal) => {
        clearTimeout(timer);
        this.#running.delete(child);
        endGroup(child.pid, 'SIGKILL');
        const how = late ? `, killed after ${limitSeconds} s` : `, ended with ${signal ?? status}`;
        const well = status === 0 && !this.interrupted;
        resolve({ well, how: well ? '' : how });
      });
    });
  }
}

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function readRecord(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}
