import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { timeLimit } from '../lib/time-limit.js';
import { suite } from './support/suite.js';

const test = suite('time limits');
const ended = (signal: AbortSignal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));

test('one ends after its time, with the other signal, and where that has ended before', async () => {
  const abort = new AbortController();
  const short = timeLimit(50, abort.signal);
  assert.is(((await ended(short.signal)) as Error).name, 'TimeoutError');
  const long = timeLimit(60_000, abort.signal);
  const waiting = ended(long.signal);
  abort.abort('stopped');
  assert.is(await waiting, 'stopped');
  assert.is(timeLimit(60_000, abort.signal).signal.reason, 'stopped');
  // Nothing waits any more, so the process could end.
  assert.not(process.getActiveResourcesInfo().includes('Timeout'));
});

test('one that is over stays as it is', async () => {
  const abort = new AbortController();
  const limit = timeLimit(50, abort.signal);
  limit.over();
  await pause(100);
  abort.abort();
  assert.is(limit.signal.aborted, false);
});

test.run();
