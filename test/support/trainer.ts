import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { writeTwoColours } from './photos.js';
import { temporaryFolder } from './suite.js';
import { gillnet, Terminal, type TerminalOptions } from './terminal.js';

/** The trainer in a terminal, on photos of two colours. */

/** Where it runs. */
export const work = temporaryFolder();
export const settings = [
  ...['--data', 'data', '--image-size', '64', '--batch-size', '4'],
  ...['--weights', 'none', '--threads', '1'],
];
/** Begins without asking. */
export const run = (...args: string[]) => gillnet('run', ...settings, '--yes', ...args);
/** Trains for longer than any test looks. */
export const long = ['--epochs', '2000'];
export const live = /step \d+\/\d+/;
export const ctrlC = '\x03';

let dataMade: Promise<void> | undefined;

/** Writes the photos, once. */
export function makeData(): Promise<void> {
  const photos = { labels: ['Gold Fish', 'Mudfish'], train: 9, test: 3 } as const;
  dataMade ??= writeTwoColours(path.join(work, 'data'), photos);
  return dataMade;
}

/** Does something with a program in a terminal, which is closed in any case. */
export async function inTerminal(
  command: string[],
  options: Partial<TerminalOptions>,
  body: (terminal: Terminal) => Promise<void>,
): Promise<void> {
  await makeData();
  const terminal = await Terminal.start(command, { cwd: work, ...options });
  try {
    await body(terminal);
  } finally {
    terminal.close();
  }
}

/** How the program ended; it has some seconds for it. */
export async function exitOf(terminal: Terminal, seconds = 15) {
  const late = pause(seconds * 1000, null, { ref: false });
  const exit = await Promise.race([terminal.exit, late]);
  assert.ok(exit, `After ${seconds} s it still runs. The screen:\n${terminal.screen().join('\n')}`);
  return exit;
}

/** The terminal is as it was, with what was there before and below it this. */
export function assertGivenBack(terminal: Terminal, summary: RegExp): void {
  assert.equal(terminal.state(), terminal.untouched());
  const history = terminal.history();
  const first = history.indexOf('the first earlier line');
  assert.equal(history.slice(first, first + 3), [
    'the first earlier line',
    'the second earlier line',
    'the third earlier line',
  ]);
  assert.match(history.slice(first + 3).join('\n'), summary);
}

/** A run's screen that waits to be left when all is over: see what it says, and leave it. */
export async function leave(terminal: Terminal): Promise<void> {
  const over = terminal.exit.then(() => {});
  await Promise.race([terminal.waitFor(/\bq leave\b/), over]);
  terminal.press('\r');
}

/** Whatever size it gets, the screen shows a line of this kind once, and as many rows as there are. */
export async function assertDrawnAtSizes(terminal: Terminal, line: RegExp): Promise<void> {
  for (const [columns, rows] of [
    [60, 18],
    [140, 45],
    [40, 9],
    [80, 24],
    [100, 30],
  ] as const) {
    terminal.resize(columns, rows);
    await pause(500);
    await terminal.waitFor(line);
    const screen = terminal.screen();
    assert.is(screen.length, rows);
    const found = screen.filter((each) => line.test(each));
    assert.is(found.length, 1, `${columns}×${rows}:\n${screen.join('\n')}`);
  }
}

/** Waits until the screen shows another step than now. */
export async function nextStep(terminal: Terminal): Promise<void> {
  const stepOf = (text: string) => live.exec(text)?.[0];
  const before = stepOf(terminal.screen().join('\n'));
  await terminal.waitFor((text) => ![undefined, before].includes(stepOf(text)));
}
