import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { changesOf } from '../bench/changes.js';
import {
  type Contestant,
  compare,
  median,
  type PairRecord,
  Program,
  startToEnd,
  takeTurns,
} from '../bench/pairs.js';
import { newestOf, recordsIn, tableOf } from '../bench/table.js';
import { suite } from './support/suite.js';

const test = suite('pairs of programs');

/** Counts its turns, and writes its name into `log`. */
function counting(name: string, log: string[]): Contestant {
  let turns = 0;
  return {
    name,
    async turn() {
      log.push(name);
      turns += 1;
      return turns;
    },
    async end() {},
  };
}

const record: PairRecord = {
  ...{ name: 'one photo', unit: 'ms', goal: '≤ 0.9' },
  ...compare([8, 9, 10], [10, 10, 10]),
  versions: { ours: 'gillnet 1', theirs: 'another 2' },
  ...{ machine: 'a machine', command: 'npm run bench', time: '2026-01-02T03:04:05.000Z' },
};

test('the median of an even number of figures lies between the middle two', () => {
  assert.is(median([5, 1, 3]), 3);
  assert.is(median([4, 1, 3, 10]), 3.5);
  assert.is(median([7]), 7);
  assert.throws(() => median([]), /no median/);
});

test('a ratio is that of figures of one round, so that a slow round moves none', () => {
  // The machine is ten times slower in the second round.
  const { ratio, low, high, rounds, ours, theirs } = compare([2, 30, 4], [4, 40, 5]);
  assert.is(ratio, 0.75);
  assert.equal([low, high, rounds], [0.5, 0.8, 3]);
  assert.equal([ours, theirs], [4, 5]);
});

test('turns of different rounds are not compared', () => {
  assert.throws(() => compare([1, 2], [1]), /as many turns/);
});

test('all take one turn a round, each begins one in turn, and the warm-up does not count', async () => {
  const log: string[] = [];
  const figures = await takeTurns([counting('a', log), counting('b', log)], 3, 1);
  assert.is(log.join(' '), 'a b b a a b b a');
  assert.equal(figures, [
    [2, 3, 4],
    [2, 3, 4],
  ]);
});

test('a program answers turn by turn, and says who it is', async () => {
  const echo = `
    console.log('ready echo 1');
    const { createInterface } = require('readline');
    createInterface({ input: process.stdin }).on('line', (line) => console.log(line * 2));
  `;
  const program = new Program(process.execPath, ['--eval', echo]);
  assert.is(await program.ready(), 'echo 1');
  assert.equal([await program.answer('2'), await program.answer('5')], ['4', '10']);
  await program.end();
});

test('a program that ends early is an error, not a figure', async () => {
  const program = new Program(process.execPath, ['--eval', "console.log('ready one')"]);
  await program.ready();
  let message = '';
  await program.answer('1').catch((error) => {
    message = error.message;
  });
  assert.match(message, /ended early/);
  await program.end();
});

test('a started program is timed to its end, and a failed one is an error', async () => {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const script = "console.log('done'); setTimeout(() => {}, 300)";
  const { seconds, output } = await startToEnd(process.execPath, ['--eval', script], here);
  assert.is(output, 'done\n');
  assert.ok(seconds > 0.3 && seconds < 10, String(seconds));
  let message = '';
  await startToEnd(process.execPath, ['--eval', 'process.exit(3)'], here).catch((error) => {
    message = error.message;
  });
  assert.match(message, /ended with 3/);
});

test('the table has a row a pair, the newest record of each, from lists and from lines', () => {
  const newer = { ...record, ratio: 0.5, time: '2026-02-02T03:04:05.000Z' };
  const other = { ...record, name: 'a batch' };
  const read = [
    ...recordsIn(`${JSON.stringify(newer)}\n${JSON.stringify(other)}\n`),
    ...recordsIn(JSON.stringify([record])),
  ];
  const rows = tableOf(newestOf(read)).split('\n');
  assert.is(rows[2], '| a batch | **0.90** (0.80 to 1.00) | ≤ 0.9 | 9.00 ms | 10.0 ms |');
  assert.is(rows[3], '| one photo | **0.50** (0.80 to 1.00) | ≤ 0.9 | 9.00 ms | 10.0 ms |');
  assert.match(
    rows.join('\n'),
    /gillnet 1 beside another 2; `npm run bench`, 3 rounds, 2026-02-02/,
  );
});

test('what is no record is refused', () => {
  assert.throws(() => recordsIn('{"epoch": 1}'), /Expected records/);
});

/** The pair a day later, of other figures. */
function later(ours: number[], about: Partial<PairRecord> = {}): PairRecord {
  const time = '2026-01-03T03:04:05.000Z';
  return { ...record, ...compare(ours, [10, 10, 10]), time, ...about };
}

test('a pair has become worse where its best round is not as good as the worst before', () => {
  // Before: 0.8 to 1, and less is better.
  for (const [ours, verdict] of [
    [[9, 10, 11], 'the same'],
    [[11, 12, 13], 'worse'],
    [[5, 6, 7], 'better'],
  ] as const) {
    const [change] = changesOf([later([...ours]), record]);
    assert.is(change?.verdict, verdict);
  }
  const upwards = { ...record, goal: '≥ 1.1' };
  assert.is(changesOf([upwards, later([11, 12, 13], { goal: '≥ 1.1' })])[0]?.verdict, 'better');
  assert.is(changesOf([upwards, later([5, 6, 7], { goal: '≥ 1.1' })])[0]?.verdict, 'worse');
  assert.is(changesOf([record, later([11, 12, 13], { goal: null })])[0]?.verdict, null);
});

test('pairs of different machines, or measured once, are not held against each other', () => {
  assert.equal(changesOf([record, later([11, 12, 13], { machine: 'another' })]), []);
  assert.equal(changesOf([record]), []);
});

test.run();
