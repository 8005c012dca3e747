/**
 * Each pair's newest record beside the one before it that was taken on the same machine:
 *   node dist/bench/changes.js FILE…
 * Ends with 1 where a pair has become worse: where not even its best round is as good as the worst one before.
 */
import { readFileSync } from 'node:fs';
import { groupBy } from '../lib/group-by.js';
import type { PairRecord } from './pairs.js';
import { recordsIn } from './table.js';

export interface Change {
  name: string;
  before: PairRecord;
  now: PairRecord;
  /** Null of pairs without a goal, which does not tell whether more is better. */
  verdict: 'better' | 'worse' | 'the same' | null;
}

/** In the order of the pairs' names; those that were measured once on a machine have none. */
export function changesOf(records: PairRecord[]): Change[] {
  const alike = groupBy(records, ({ name, machine }) => JSON.stringify([name, machine]));
  return [...alike.values()]
    .flatMap((group) => {
      const [now, before] = group.sort((a, b) => (a.time > b.time ? -1 : 1));
      if (!now || !before) return [];
      return [{ name: now.name, before, now, verdict: verdictOf(before, now) }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function verdictOf(before: PairRecord, now: PairRecord): Change['verdict'] {
  if (now.goal === null) return null;
  const moreIsBetter = /^[≥>]/.test(now.goal);
  if (now.low > before.high) return moreIsBetter ? 'better' : 'worse';
  if (now.high < before.low) return moreIsBetter ? 'worse' : 'better';
  return 'the same';
}

export function inWords({ name, before, now, verdict }: Change): string {
  const told = ({ ratio, low, high, time }: PairRecord) =>
    `${ratio.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}) of ${time.slice(0, 10)}`;
  return `${verdict ?? 'no goal'}: ${name}, ${told(now)} after ${told(before)}`;
}

if (process.argv[1]?.endsWith('changes.js')) {
  const changes = changesOf(
    process.argv.slice(2).flatMap((file) => recordsIn(readFileSync(file, 'utf8'))),
  );
  for (const change of changes) console.log(inWords(change));
  if (changes.length === 0) console.log('No pair was measured twice on one machine.');
  if (changes.some(({ verdict }) => verdict === 'worse')) process.exitCode = 1;
}
