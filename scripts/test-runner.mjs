// Runs test files, each in a process of its own and with an end. uvu can end with 0 when a hook throws, so
// each file records how many tests it holds and how many ran, and both must agree.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Groups } from './process-groups.mjs';

/** The test files of a folder, without those in folders below it, whose name holds one of the words if there are any. */
export function testFilesIn(folder, words) {
  return readdirSync(folder)
    .filter((name) => /\.test\.tsx?$/.test(name))
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
    .sort();
}

/** Where a test file was compiled to. */
export const compiledName = (file) => file.replace(/\.tsx?$/, '.js');

/**
 * @param sources folder of the test files; those in folders below it are not taken
 * @param compiled folder of what they were compiled to
 * @param words only files whose name holds one of them; all where there are none
 * @param turn which file is the first, counted around
 * @param limitSeconds for a file, after which it is killed and counts as failed
 * @param atOnce files that run beside each other; what one prints is shown once it has ended
 * @param alone those that run by themselves, before the others
 * @param times file that remembers how long each took
 * @param until as `performance.now()` tells it: what has not begun by then is left out, and named
 * @param env beside this process's own environment
 * @returns the exit status
 */
export async function runTests({ sources, words, turn = 0, ...how }) {
  const files = testFilesIn(sources, words);
  files.unshift(...files.splice(turn % files.length));
  if (files.length === 0) {
    console.log(`No test file's name holds ${words.join(' or ')}.`);
    console.log('0 passed, 1 failed');
    return 1;
  }
  return conclude(await runFiles(files, { ...how, groups: new Groups() }));
}

/** The last line says `N passed, N failed`. @returns the exit status */
export function conclude({ passed, failed, skipped, left = [] }) {
  if (left.length > 0) console.log(`left out, as there was no time: ${left.join(', ')}`);
  if (skipped > 0) console.log(`${skipped} skipped: what they need is not on this machine`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

/**
 * Runs these as `runTests` does.
 * @param groups whose interruption ends it
 * @returns how many tests passed, failed and were skipped; the files that ran to their end, and those that failed
 */
export async function runFiles(files, how) {
  const { compiled, limitSeconds, atOnce = 1, alone = [], times, env = {}, groups } = how;
  const { until = Number.POSITIVE_INFINITY } = how;
  const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-test-'));
  const totals = { passed: 0, failed: 0, skipped: 0, ended: [], failing: [], left: [] };
  const beside = Math.min(atOnce, files.length);
  const took = times ? readRecord(times) : {};

  // The longest first, so that none is left over at the end; of those that never ran nothing is known.
  const seconds = (file) => took[file] ?? Number.MAX_VALUE;
  const sorted = files.toSorted((a, b) => seconds(b) - seconds(a));
  async function work(waiting) {
    for (const file of waiting) {
      if (groups.interrupted) break;
      if (performance.now() > until) {
        totals.left.push(file);
        continue;
      }
      const record = path.join(folder, file);
      const began = performance.now();
      const output = beside > 1 ? `${record}.out` : null;
      const ended = await groups.run(path.join(compiled, compiledName(file)), {
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
      const seconds = (performance.now() - began) / 1000;
      if (failed > 0) totals.failing.push(file);
      else took[file] = Math.round(seconds * 10) / 10;
      if (!groups.interrupted) totals.ended.push(file);
      if (output) process.stdout.write(readFileSync(output));
      console.log(
        `${failed > 0 ? 'FAILED' : 'ok'}  ${file}: ${passed} of ${written} passed, ${skipped} skipped, ${seconds.toFixed(1)} s${ended.how}`,
      );
    }
  }
  await work(sorted.filter((file) => alone.includes(file)));
  const others = sorted.filter((file) => !alone.includes(file)).values();
  await Promise.all(Array.from({ length: beside }, () => work(others)));

  rmSync(folder, { recursive: true, force: true });
  if (times) {
    mkdirSync(path.dirname(times), { recursive: true });
    writeFileSync(times, `${JSON.stringify(took, null, 1)}\n`);
  }
  return totals;
}

function readRecord(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}
