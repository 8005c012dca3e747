/**
 * The records of pairs as a table in Markdown, for docs/performance.md:
 *   node dist/bench/table.js FILE…
 * Each file holds records one a line, as the pairs print with --json, or a list of them, as `npm run bench` writes.
 */
import { readFileSync } from 'node:fs';
import { digits, type PairRecord } from './pairs.js';

/** In the order of their names; of several records of one pair the newest. */
export function newestOf(records: PairRecord[]): PairRecord[] {
  const newest = new Map<string, PairRecord>();
  for (const record of records) {
    const before = newest.get(record.name);
    if (!before || before.time <= record.time) newest.set(record.name, record);
  }
  return [...newest.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws Error for what is no record */
export function recordsIn(text: string): PairRecord[] {
  const whole = text.trim();
  const found: unknown[] = whole.startsWith('[')
    ? JSON.parse(whole)
    : whole
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
  for (const record of found) {
    const { name, ratio } = Object(record);
    if (typeof name !== 'string' || typeof ratio !== 'number') {
      throw new Error(`Expected records of pairs but received ${JSON.stringify(record)}`);
    }
  }
  return found as PairRecord[];
}

/** One row a record, and below each machine and each pair's programs and command. */
export function tableOf(records: PairRecord[]): string {
  const rows = records.map(({ name, ratio, low, high, goal, ours, theirs, unit }) => [
    name,
    `**${ratio.toFixed(2)}** (${low.toFixed(2)} to ${high.toFixed(2)})`,
    goal ?? '',
    `${digits(ours)} ${unit}`,
    `${digits(theirs)} ${unit}`,
  ]);
  const head = ['pair', 'ratio, spread of the rounds', 'goal', 'gillnet', 'the other'];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const notes = records.map(
    ({ name, versions, command, rounds, machine, time }) =>
      `- ${name}: ${versions.ours} beside ${versions.theirs}; \`${command}\`, ${rounds} rounds, ${time.slice(0, 10)}, ${machine}`,
  );
  return [...lines, '', ...notes].join('\n');
}

if (process.argv[1]?.endsWith('table.js')) {
  const files = process.argv.slice(2);
  console.log(tableOf(newestOf(files.flatMap((file) => recordsIn(readFileSync(file, 'utf8'))))));
}
