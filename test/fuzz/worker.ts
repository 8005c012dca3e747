import { parentPort, workerData } from 'node:worker_threads';
import { caseOf, check } from './cases.js';

/** Runs cases in a thread whose memory is bounded, and tells the first that fails. */

export interface WorkerData {
  seed: number;
  from: number;
  to: number;
  /** int32 [1]: the case under way. */
  current: Int32Array;
}

/** Of processor time, in ms, for a file of a few hundred bytes. */
const longest = 200;
/** Of bytes outside of JavaScript's heap. */
const mostMemory = 32 * 1024 * 1024;
const batch = 1000;

const { seed, from, to, current } = workerData as WorkerData;
const untouched = Object.getOwnPropertyNames(Object.prototype).join();
const counts = { read: 0, refused: 0 };
let slowest = 0;

function run(number: number): void {
  Atomics.store(current, 0, number);
  const made = caseOf(seed, number);
  const before = { time: process.cpuUsage(), memory: process.memoryUsage().arrayBuffers };
  counts[check(made)] += 1;
  const { user, system } = process.cpuUsage(before.time);
  const milliseconds = (user + system) / 1000;
  slowest = Math.max(slowest, milliseconds);
  if (milliseconds > longest) throw new Error(`It took ${milliseconds} ms of processor time`);
  const taken = process.memoryUsage().arrayBuffers - before.memory;
  if (taken > mostMemory) throw new Error(`It took ${taken} bytes`);
  const names = Object.getOwnPropertyNames(Object.prototype).join();
  if (number % batch === 0 && names !== untouched) throw new Error('Object.prototype was changed');
}

let number = from;
try {
  for (; number < to; number += 1) run(number);
  parentPort?.postMessage({ counts, slowest });
} catch (error) {
  parentPort?.postMessage({ failed: number, reason: String((error as Error).stack) });
}
