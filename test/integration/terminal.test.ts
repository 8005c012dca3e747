import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { isAlive } from '../../lib/files.js';
import { running, startGillnet } from '../support/command.js';
import { gillnet, type Terminal, terminalSuite } from '../support/terminal.js';
import {
  assertDrawnAtSizes,
  assertGivenBack,
  ctrlC,
  exitOf,
  inTerminal,
  leave,
  live,
  long,
  makeData,
  nextStep,
  run,
  settings,
  work,
} from '../support/trainer.js';

const test = terminalSuite('in a terminal');

const escapeCharacter = '\x1b';

interface WayOut {
  name: string;
  act: (terminal: Terminal) => unknown;
  /** What starts it. */
  by?: string[];
  /** Of a training that is stopped, where nothing else is said. */
  args?: string[];
  status?: number;
  summary?: RegExp;
}

const waysOut: WayOut[] = [
  {
    name: 'q and y',
    async act(terminal) {
      terminal.press('q');
      await terminal.waitFor(/y \/ n/);
      terminal.press('y');
      await leave(terminal);
    },
  },
  {
    name: 'Ctrl-C twice, after what changes nothing',
    async act(terminal) {
      await changeNothing(terminal);
      terminal.press(ctrlC);
      await terminal.waitFor(/y \/ n/);
      terminal.press(ctrlC);
      await leave(terminal);
    },
  },
  {
    name: 'Ctrl-C three times at once',
    act: (terminal) => terminal.press(ctrlC + ctrlC + ctrlC),
    summary: /training resnet18/,
  },
  { name: 'SIGTERM', act: (terminal) => terminal.kill('SIGTERM') },
  { name: 'SIGHUP from elsewhere', act: (terminal) => terminal.kill('SIGHUP') },
  { name: 'SIGINT from elsewhere', act: (terminal) => terminal.kill('SIGINT') },
  {
    name: 'an error, as the place for models has gone',
    args: [...long, '--models', 'vanishing'],
    async act(terminal) {
      await rm(path.join(work, 'vanishing'), { recursive: true });
      await writeFile(path.join(work, 'vanishing'), 'a file');
      terminal.press('f');
    },
    status: 1,
    summary: /error \[[A-Z]+\]: .*vanishing.*--resume/s,
  },
  {
    name: 'an exception that nobody catches',
    by: [
      'env',
      `NODE_OPTIONS=--import=data:text/javascript,process.on('SIGUSR2',()=>{throw(new(Error))})`,
    ],
    act: (terminal) => terminal.kill('SIGUSR2'),
    status: 1,
    summary: /^Error\n +at .*SIGUSR2/ms,
  },
  {
    name: 'the end, and Enter',
    args: ['--epochs', '2'],
    act: leave,
    status: 0,
    summary: /saved model_v1_.*\n.*done in .*test accuracy/s,
  },
];

for (const way of waysOut) {
  const { name, act, by = [], args = long, status = 130 } = way;
  const { summary = /stopped after .*--resume/ } = way;
  test(`the screen appears, and the terminal is given back: ${name}`, () =>
    // CI that is set to nothing counts as not set.
    inTerminal([...by, ...run(...args)], { env: { CI: '' } }, async (terminal) => {
      await terminal.waitFor(live);
      assert.is(terminal.state().buffer, 'alternate');
      assert.is(terminal.state().cursorVisible, false);
      await act(terminal);
      assert.equal(await exitOf(terminal), { status, signal: null });
      assertGivenBack(terminal, summary);
    }));
}

/** Keys that mean nothing are not written, stops that are not confirmed stop nothing, and each size is drawn to. */
async function changeNothing(terminal: Terminal): Promise<void> {
  terminal.press('xyzzy\x1b[A\x1b[15~ü');
  await pause(300);
  assert.not.match(terminal.screen().join('\n'), /xyzzy|\[15~/);
  await terminal.waitFor(live);
  for (const question of ['q', ctrlC]) {
    terminal.press(question);
    await terminal.waitFor(/y \/ n/);
    terminal.press('n');
    await terminal.waitFor((text) => !text.includes('y / n'));
  }
  await nextStep(terminal);
  await assertDrawnAtSizes(terminal, live);
}

test('a failure before the training leaves the terminal as it was', () =>
  inTerminal(run('--models', 'data/train/Mudfish/1.jpg'), {}, async (terminal) => {
    assert.is((await exitOf(terminal)).status, 1);
    assertGivenBack(terminal, /error \[[A-Z]+\]: /);
  }));

for (const [when, args, shown] of [
  ['while it trains', long, live],
  ['at its last screen', ['--epochs', '1'], /\bq leave\b/],
] as const) {
  test(`a terminal that is closed ends the run: ${when}`, () =>
    inTerminal(run(...args), {}, async (terminal) => {
      await terminal.waitFor(shown);
      terminal.close();
      for (let tenths = 0; isAlive(terminal.pid) && tenths < 100; tenths += 1) await pause(100);
      assert.is(isAlive(terminal.pid), false);
    }));
}

test('a run that nobody can type to gets lines and ends by itself', () => {
  const words = run('--epochs', '1').map((word) => `'${word}'`);
  return inTerminal(['sh', '-c', `${words.join(' ')} < /dev/null`], {}, async (terminal) => {
    assert.equal(await exitOf(terminal), { status: 0, signal: null });
    assert.not.ok(terminal.output.includes(escapeCharacter));
    assertGivenBack(terminal, /saved model_v1_.*\n.*done in /s);
  });
});

for (const [what, env] of [
  ['a dumb terminal', { TERM: 'dumb' }],
  ['a continuous integration with a terminal', { CI: '1' }],
] as const) {
  test(`${what} gets lines`, () =>
    inTerminal(run('--epochs', '1'), { env }, async (terminal) => {
      assert.is((await exitOf(terminal)).status, 0);
      assert.not.ok(terminal.output.includes(escapeCharacter));
      assertGivenBack(terminal, /^epoch 1\/1: .*^done in /ms);
    }));
}

test('what goes through a pipe is plain, and Ctrl-C stops it as anywhere', () => {
  const words = run(...long).map((word) => `'${word}'`);
  // Ctrl-C reaches all of a pipe; the traps keep those who tell how the run ended.
  const piped = `trap : INT; { trap : INT; ${words.join(' ')}; echo "ended with $?"; } | (trap '' INT; cat)`;
  return inTerminal(['sh', '-c', piped], {}, async (terminal) => {
    await terminal.waitFor(/epoch 1\/2000: /);
    terminal.press(ctrlC);
    await exitOf(terminal);
    assert.not.ok(terminal.output.includes(escapeCharacter));
    assertGivenBack(terminal, /stopped after .*ended with 130/s);
  });
});

test('a live run is watched on the same screen, and leaving it leaves the run alone', async () => {
  await makeData();
  const args = ['train', ...settings, ...long, '--runs', 'watched', '--json'];
  const { child, end, said, told } = running(startGillnet(args, { cwd: work }));
  const step = /"type":"step"/;
  try {
    await told(step, 5);
    await inTerminal(gillnet('watch', '--runs', 'watched'), {}, async (terminal) => {
      await terminal.waitFor(live);
      await nextStep(terminal);
      // There is nothing to be asked: nothing is lost.
      terminal.press('q');
      assert.equal(await exitOf(terminal), { status: 0, signal: null });
      assertGivenBack(terminal, /training resnet18/);
    });
    // It trains on.
    await told(step, said().split('"type":"step"').length + 5);
  } finally {
    child.kill('SIGINT');
  }
  assert.is((await end).status, 130);
});

test('a run that is over is looked at until it is left', () =>
  inTerminal(gillnet('watch', '--runs', 'watched'), {}, async (terminal) => {
    await leave(terminal);
    assert.equal(await exitOf(terminal), { status: 0, signal: null });
    assertGivenBack(terminal, /training resnet18.*stopped after /s);
  }));

test.run();
