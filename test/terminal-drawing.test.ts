import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { means, plot } from '../lib/faces/terminal/braille.js';
import { changedRows, writing } from '../lib/faces/terminal/full-screen.js';
import { Pace } from '../lib/faces/terminal/pace.js';
import { cutEnd, cutStart, fit, progressBar, wrap } from '../lib/faces/terminal/text.js';
import { suite } from './support/suite.js';

const test = suite('drawing in a terminal');

test('a frame writes the rows that changed, and nothing when none did', () => {
  assert.equal(changedRows(['a', 'b'], ['a', 'b']), []);
  assert.equal(changedRows(['a', 'b', 'd'], ['a', 'c']), [1, 2]);
  assert.equal(changedRows([], ['a']), [0]);
  assert.is(writing([], ['a', 'c']), '');
  assert.is(writing([1, 2], ['a', 'c']), '\u001b[2;1H\u001b[2Kc\u001b[3;1H\u001b[2K');
});

test('keys are answered ten times a second, and what happens costs next to nothing', async () => {
  const frames = async (ask: (pace: Pace) => void, cost: number) => {
    let drawn = 0;
    const pace = new Pace(() => {
      drawn += 1;
      for (const end = performance.now() + cost; performance.now() < end; );
    });
    const asking = setInterval(() => ask(pace), 5);
    await pause(1050);
    clearInterval(asking);
    pace.stop();
    return drawn;
  };
  const [keys, events, dear] = await Promise.all([
    frames((pace) => pace.now(), 0),
    frames((pace) => pace.soon(), 0),
    frames((pace) => pace.soon(), 10),
  ]);
  assert.ok(keys >= 5 && keys <= 11, `${keys} for keys`);
  assert.ok(events >= 3 && events <= 6, `${events} for events`);
  assert.ok(dear >= 1 && dear <= 3, `${dear} of 10 ms`);
});

test('lines in braille go where their points lie', () => {
  const rising = [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ];
  const range = { from: 0, to: 1 };
  const text = (cells: { character: string }[][]) =>
    cells.map((row) => row.map(({ character }) => character).join(''));
  // Eight dots up over four dots across.
  assert.equal(text(plot([rising], { columns: 2, rows: 2 }, range, range)), [' ⡜', '⡜ ']);
  assert.equal(means([...rising, { x: 1.2, y: 3 }, { x: 1.8, y: 5 }], { from: 0, to: 2 }, 2), [
    { x: 0, y: 0 },
    { x: 4 / 3, y: 3 },
  ]);
  const flat = [
    { x: 0, y: 5 },
    { x: 1, y: 5 },
  ];
  const [row] = plot([flat], { columns: 3, rows: 1 }, range, { from: 5, to: 5 });
  assert.equal(
    row?.map(({ series }) => series),
    [0, 0, 0],
  );
});

test('text is measured in the terminal’s columns', () => {
  assert.is(cutEnd('鯉鯉鯉', 5), '鯉鯉…');
  assert.is(cutEnd('鯉鯉鯉', 4), '鯉…');
  assert.is(cutStart('train/perch/1.jpg', 8), '…h/1.jpg');
  assert.is(fit('鯉', 4), '鯉  ');
  assert.equal(wrap('one two three', 7), ['one two', 'three']);
  assert.equal(wrap('鯉鯉鯉', 4), ['鯉鯉', '鯉']);
  assert.equal([progressBar(0.5, 4), progressBar(2, 3)], ['██░░', '███']);
});

test.run();
