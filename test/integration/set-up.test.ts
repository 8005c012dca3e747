import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { gillnet, type Terminal, terminalSuite } from '../support/terminal.js';
import {
  assertDrawnAtSizes,
  assertGivenBack,
  ctrlC,
  exitOf,
  inTerminal,
  leave,
  live,
  settings,
  work,
} from '../support/trainer.js';

const test = terminalSuite('setting up in a terminal');

const run = (...args: string[]) => gillnet('run', ...settings, ...args);
const offered = /Enter starts/;
const down = '\x1b[B';
const right = '\x1b[C';

test('it shows what was found, what the flags say and how long it would take, whole at each size', () =>
  inTerminal(run('--epochs', '3'), {}, async (terminal) => {
    await terminal.waitFor(offered);
    const screen = terminal.screen().join('\n');
    for (const part of [
      /24 photos of 2 classes .* train 14 .* val 4 .* test 6/,
      /Gold Fish █+▓+░+ +7 +2 +3/,
      'no broken photo',
      /recipe +‹ scratch ›/,
      /weights +none/,
      /epochs +3/,
      /batch size +4/,
      /image size +64/,
    ]) {
      assert.match(screen, part);
    }
    await terminal.waitFor(/about .*, until \d\d:\d\d; measured: [\d.]+ images\/s/);
    await assertDrawnAtSizes(terminal, offered);
  }));

test('arrows and digits change it, and Enter trains so', () =>
  inTerminal(run(), { columns: 200 }, async (terminal) => {
    await terminal.waitFor(offered);
    terminal.press(`${down}${down}`);
    await terminal.waitFor(/▸ epochs/);
    terminal.press('12\r');
    await terminal.waitFor(/epochs +‹ 12 ›/);
    terminal.press(`${down}${right}`);
    await terminal.waitFor(/batch size +‹ 8 ›/);
    terminal.press('\r');
    await terminal.waitFor(/epoch \d+\/12 .*step \d\/2/);
    await terminal.waitFor(/batch 8/);
    await leave(terminal);
    assert.equal(await exitOf(terminal), { status: 0, signal: null });
    assertGivenBack(terminal, /training resnet18.*12 epochs, batch 8.*done in/s);
  }));

const waysOut: [string, (terminal: Terminal) => void][] = [
  ['q', (terminal) => terminal.press('q')],
  ['Ctrl-C', (terminal) => terminal.press(ctrlC)],
  ['SIGTERM', (terminal) => terminal.kill('SIGTERM')],
];
for (const [name, act] of waysOut) {
  test(`leaving it trains nothing, and gives the terminal back: ${name}`, () =>
    inTerminal(run('--runs', `left by ${name}`), {}, async (terminal) => {
      await terminal.waitFor(offered);
      assert.is(terminal.state().buffer, 'alternate');
      act(terminal);
      assert.equal(await exitOf(terminal), { status: 130, signal: null });
      assertGivenBack(terminal, /guarded: .*error \[INTERRUPTED\]/s);
      const [id = ''] = readdirSync(path.join(work, `left by ${name}`));
      assert.not.ok(existsSync(path.join(work, `left by ${name}`, id, 'config.json')));
    }));
}

test('a run that is set up can be watched, and nothing be changed by it', () =>
  inTerminal(run('--runs', 'set up'), {}, async (terminal) => {
    await terminal.waitFor(offered);
    await inTerminal(gillnet('watch', '--runs', 'set up'), {}, async (watcher) => {
      await watcher.waitFor(/recipe +‹ scratch ›/);
      watcher.press(`${right}\r`);
      await pause(300);
      watcher.press('q');
      assert.equal(await exitOf(watcher), { status: 0, signal: null });
      assertGivenBack(watcher, /./);
    });
    await terminal.waitFor(/recipe +‹ scratch ›/);
    await terminal.waitFor(offered);
  }));

test('a terminal that nobody sits at waits for a minute, and then trains', () =>
  inTerminal(run('--epochs', '1'), {}, async (terminal) => {
    await terminal.waitFor(/starts by itself in 5\d s/);
    await terminal.waitFor(live, 75);
  }));

test.run();
