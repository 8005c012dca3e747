// How the checks that no test holds tell what they found.
import { conclude } from './test-runner.mjs';

const totals = { passed: 0, failed: 0, skipped: 0 };

/** What a check needs is not on this machine. */
export class Skip extends Error {}

/** One check. @param found what is wrong, in words, and false for each thing that is right */
export function check(name, found) {
  const problems = found.filter((each) => each !== false);
  if (problems.length === 0) {
    totals.passed += 1;
    console.log(`ok       ${name}`);
    return;
  }
  totals.failed += 1;
  console.log(`FAILED   ${name}`);
  for (const problem of problems) console.log(`         ${problem}`);
}

/** What can't be checked on this machine. */
export function skip(name, reason) {
  totals.skipped += 1;
  console.log(`skipped  ${name}: ${reason}`);
}

/** Tells the sums last. */
export function end() {
  process.exitCode = conclude(totals);
}
