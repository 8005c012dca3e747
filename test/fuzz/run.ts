import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { caseOf } from './cases.js';
import type { WorkerData } from './worker.js';

/** Fuzzes the readers of models and weights; ends at the first case that fails. */

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    /** One alone. */
    case: { type: 'string' },
  },
});
const [seed, cases] = [Number(values.seed), Number(values.cases)];
const from = values.case === undefined ? 0 : Number(values.case);
const to = values.case === undefined ? cases : from + 1;
if (![seed, from, to].every(Number.isSafeInteger)) {
  throw new Error('Expected whole numbers for --cases, --seed and --case.');
}

/** A case that takes longer hangs, in ms; its own limit is far below. */
const hanging = 10_000;
const heap = { maxOldGenerationSizeMb: 128, stackSizeMb: 1 };

type Outcome =
  | { counts: { read: number; refused: number }; slowest: number }
  | { failed: number; reason: string };

function fuzz(): Promise<Outcome> {
  const current = new Int32Array(new SharedArrayBuffer(4)).fill(from);
  const data: WorkerData = { seed, from, to, current };
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: data,
    resourceLimits: heap,
  });
  return new Promise((resolve) => {
    const failed = (reason: string) => resolve({ failed: Atomics.load(current, 0), reason });
    let seen = -1;
    const timer = setInterval(() => {
      const now = Atomics.load(current, 0);
      if (now === seen) failed(`It did not end within ${hanging / 1000} s`);
      seen = now;
    }, hanging);
    worker.on('message', resolve);
    worker.on('error', (error) => failed(String(error)));
    worker.on('exit', () => clearInterval(timer));
  }).then((outcome) => {
    void worker.terminate();
    return outcome as Outcome;
  });
}

const began = performance.now();
const outcome = await fuzz();
const seconds = (performance.now() - began) / 1000;
if ('failed' in outcome) {
  const number = outcome.failed;
  const file = path.join(tmpdir(), `gillnet-fuzz-${seed}-${number}.bin`);
  writeFileSync(file, caseOf(seed, number).bytes);
  console.log(`Case ${number} of seed ${seed} failed: ${outcome.reason}`);
  console.log(`Its bytes: ${file}. Again: npm run fuzz -- --seed ${seed} --case ${number}`);
  console.log(`${number - from} passed, 1 failed`);
  process.exitCode = 1;
} else {
  const { read, refused } = outcome.counts;
  const speed = Math.round((to - from) / seconds);
  console.log(
    `seed ${seed}: ${read} read, ${refused} refused; ${speed} cases/s, the slowest ${outcome.slowest.toFixed(0)} ms`,
  );
  console.log(`${to - from} passed, 0 failed`);
}
