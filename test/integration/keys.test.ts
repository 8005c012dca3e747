import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { ofType } from '../support/events.js';
import { readLog } from '../support/run-logs.js';
import { type Terminal, terminalSuite } from '../support/terminal.js';
import {
  assertGivenBack,
  exitOf,
  inTerminal,
  leave,
  live,
  long,
  nextStep,
  run,
  work,
} from '../support/trainer.js';

const test = terminalSuite('keys in a terminal');

const key = {
  ...{ up: '\x1b[A', down: '\x1b[B', right: '\x1b[C', left: '\x1b[D' },
  ...{ pageUp: '\x1b[5~', pageDown: '\x1b[6~', tab: '\t', shiftTab: '\x1b[Z' },
  ...{ escape: '\x1b', enter: '\r', backspace: '\x7f', ctrlZ: '\x1a' },
};

/** Presses a key and waits for what it makes the screen show. */
async function pressing(terminal: Terminal, steps: [string, string | RegExp][]): Promise<void> {
  for (const [pressed, shown] of steps) {
    terminal.press(pressed);
    await terminal.waitFor(shown, 10);
  }
}

test('keys turn the pages, and scroll them', () =>
  inTerminal(run(...long), { rows: 12 }, async (terminal) => {
    await terminal.waitFor((text) => Number(/epoch (\d+)\//.exec(text)?.[1]) >= 3);
    await pressing(terminal, [
      ['2', /\[2 classes\].*validation accuracy after epoch/s],
      ['3', '[3 photos]'],
      ['4', /\[4 log\].*epoch \d+\/2000: train loss/s],
      ['1', /\[1 overview\].*loss \(log\)/s],
      [key.right, '[2 classes]'],
      [key.tab, '[3 photos]'],
      [key.left, '[2 classes]'],
      [key.shiftTab, '[1 overview]'],
      [key.left, '[4 log]'],
      [key.pageUp.repeat(200), 'extracted 24 photos'],
      [key.pageDown.repeat(200), /epoch \d+\/2000: train loss/],
    ]);
    await terminal.waitFor((text) => !text.includes('extracted 24 photos'));
    // Pausing keeps the log from moving away below the arrows.
    await pressing(terminal, [
      ['p', /paused; space goes on/],
      [key.up.repeat(500), 'extracted 24 photos'],
      [key.down.repeat(500), /paused at epoch/],
    ]);
  }));

test('each request is honoured within two seconds, and stands in the run’s record', () =>
  inTerminal(run('--epochs', '40', '--runs', 'asked'), {}, async (terminal) => {
    await terminal.waitFor(live);
    const times: number[] = [];
    const asking = async (keys: string, shown: RegExp) => {
      times.push(Date.now());
      await pressing(terminal, [[keys, shown]]);
    };
    await asking(' ', /paused; space goes on/);
    await asking(' ', /goes on at epoch/);
    await asking('p', /paused; space goes on/);
    await asking('p', /goes on at epoch/);
    await asking('s', /checkpoint of epoch \d+, step \d+ saved/);
    await pressing(terminal, [
      ['l', /learning rate × █0\.5/],
      ['x', /× x█/],
      [key.enter, /expected a factor above 0/],
      [key.backspace, /× █0\.5/],
    ]);
    await asking(`0.25${key.enter}`, /learning rate times 0\.25/);
    await pressing(terminal, [['e', /epochs to add: █5/]]);
    await asking(key.enter, /5 more epochs, as asked/);
    await terminal.waitFor(/epoch \d+\/45/);
    await pressing(terminal, [['n', /note: █/]]);
    await asking(`the 3rd light is out${key.enter}`, /note: the 3rd light is out/);
    await pressing(terminal, [['n', /note: █/]]);
    terminal.press(key.escape);
    await terminal.waitFor((text) => !text.includes('note: █'));
    await asking('f', /ends after epoch \d+, as asked|q leave/);
    await leave(terminal);
    assert.equal(await exitOf(terminal), { status: 0, signal: null });
    assertGivenBack(terminal, /note: the 3rd light is out.*done in/s);

    const asked = ofType(readLog(path.join(work, 'asked')), 'asked');
    assert.equal(
      asked.map(({ kind }) => kind),
      [
        ...['pause', 'resume', 'pause', 'resume', 'checkpoint'],
        ...['learningRate', 'epochs', 'note', 'finish'],
      ],
    );
    for (const [index, { kind, time }] of asked.entries()) {
      const waited = Date.parse(time) - (times[index] ?? 0);
      assert.ok(waited < 2000, `${kind} waited ${waited} ms`);
    }
  }));

test('while it is paused and after it nothing is written to the terminal', () =>
  inTerminal(run('--epochs', '2000'), {}, async (terminal) => {
    await terminal.waitFor(live);
    await pressing(terminal, [['p', /paused; space goes on/]]);
    await pause(1000);
    const before = terminal.output.length;
    await pause(2500);
    assert.is(terminal.output.length, before);
    terminal.press('\x03\x03');
    await terminal.waitFor(/\bq leave\b/);
    await pause(1000);
    const ended = terminal.output.length;
    await pause(1500);
    assert.is(terminal.output.length, ended);
  }));

test('the help, keys that come fast, and Ctrl-Z where no shell could continue it', () =>
  inTerminal(run(...long), {}, async (terminal) => {
    await terminal.waitFor(live);
    await pressing(terminal, [['?', /another page.*scroll.*pause.*finish.*checkpoint.*Ctrl-Z/s]]);
    terminal.press(key.escape);
    await terminal.waitFor((text) => !text.includes('another page'));

    const frames = () => terminal.output.split('\x1b[?2026h').length;
    const before = frames();
    const began = performance.now();
    for (let index = 0; index < 200; index += 1) {
      terminal.press(key.right);
      await pause(10);
    }
    const drawn = frames() - before;
    const seconds = (performance.now() - began) / 1000;
    // However fast they come, ten frames a second at most.
    assert.ok(drawn > 2 * seconds && drawn <= 10 * seconds + 1, `${drawn} in ${seconds} s`);

    // Nothing changes.
    terminal.press(key.ctrlZ);
    await nextStep(terminal);
    await pressing(terminal, [['2', '[2 classes]']]);
    assert.is(terminal.state().buffer, 'alternate');
  }));

test('Ctrl-Z gives the terminal to the shell, and fg takes it again', () =>
  inTerminal(['bash', '--norc', '-i'], {}, async (terminal) => {
    const words = run(...long).map((word) => `'${word}'`);
    terminal.press(`${words.join(' ')}\r`);
    await terminal.waitFor(live);
    terminal.press(key.ctrlZ);
    await terminal.waitFor(/Stopped/);
    const { buffer, cursorVisible } = terminal.state();
    assert.equal({ buffer, cursorVisible }, { buffer: 'normal', cursorVisible: true });
    terminal.press('echo "the shell has $((40 + 2)) keys"\r');
    await terminal.waitFor('the shell has 42 keys');
    terminal.press('fg\r');
    await terminal.waitFor(live);
    await nextStep(terminal);
    await pressing(terminal, [['2', '[2 classes]']]);
    terminal.press('\x03\x03');
    await leave(terminal);
    await terminal.waitFor(/stopped after .*--resume/s);
    terminal.press('echo "status $?"\r');
    await terminal.waitFor('status 130');
  }));

test.run();
