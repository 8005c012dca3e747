import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { readLog } from '../support/run-logs.js';
import { type Terminal, type TerminalOptions, terminalSuite } from '../support/terminal.js';
import {
  assertGivenBack,
  exitOf,
  inTerminal,
  live,
  long,
  nextStep,
  run,
  work,
} from '../support/trainer.js';

const test = terminalSuite('output beside a screen');

const pageUp = '\x1b[5~';
const taker = fileURLToPath(new URL('../support/output-taker.js', import.meta.url));
const taking = (
  way: string,
  body: (terminal: Terminal) => Promise<void>,
  options: Partial<TerminalOptions> = {},
) => inTerminal([process.execPath, taker, way], { columns: 200, ...options }, body);

/** What came to the terminal below the earlier lines, and what was heard of all else. */
async function heardBy(terminal: Terminal): Promise<{ shown: string[]; heard: string[] }> {
  assert.equal(await exitOf(terminal), { status: 0, signal: null });
  const lines = terminal.output.split('\r\n').slice(3);
  const told = lines.find((line) => line.startsWith('heard ')) ?? 'null';
  return { shown: lines.slice(0, 2), heard: JSON.parse(told.slice('heard '.length)) };
}

test('what anything writes is heard in its order, and nothing of it is shown', () =>
  taking('mixed', async (terminal) => {
    const { shown, heard } = await heardBy(terminal);
    assert.equal(shown, ['drawn', 'given back']);
    assert.equal(heard, [
      '1 from JavaScript',
      '2 to the descriptor',
      '3 from a child process',
      '4 from JavaScript',
      '5 to the descriptor',
    ]);
  }));

test('whole lines are heard soon', () =>
  taking('soon', async (terminal) => {
    assert.equal((await heardBy(terminal)).heard, [
      'one line',
      'after half a second',
      'half a line',
    ]);
  }));

test('of a flood the beginning is heard, and how much is left out', () =>
  taking('flood', async (terminal) => {
    const { shown, heard } = await heardBy(terminal);
    assert.equal(shown, ['drawn', 'given back']);
    assert.match(heard.at(-1) ?? '', /^2\.9 MB more of output, left out$/);
    assert.ok(heard.length < 200 && heard.every((line) => line.length <= 4096));
  }));

test('without a place for a file the output is lost and the screen is whole', () =>
  taking(
    'mixed',
    async (terminal) => {
      const { shown, heard } = await heardBy(terminal);
      assert.equal(shown, ['drawn', 'given back']);
      assert.equal(heard, []);
    },
    { env: { TMPDIR: path.join(work, 'no such folder') } },
  ));

test('a fault inside WebAssembly stays an error of JavaScript', () =>
  taking('trap', async (terminal) => {
    const { heard } = await heardBy(terminal);
    assert.equal(heard, ['RuntimeError: memory access out of bounds']);
  }));

test('a crash tells what nobody has seen yet, without obeying it, and the last words', () =>
  taking('crash', async (terminal) => {
    assert.equal(await exitOf(terminal), { status: null, signal: 'SIGABRT' });
    assertGivenBack(terminal, /drawn\nwhy it ended: \?\[2J\n.*^the last words/ms);
    assert.not.match(terminal.output, /told before/);
  }));

for (const signal of ['SIGABRT', 'SIGSEGV', 'SIGQUIT'] as const) {
  test(`${signal} while it trains: the terminal is given back, with the next step`, () =>
    inTerminal(run(...long), {}, async (terminal) => {
      await terminal.waitFor(live);
      assert.is(terminal.state().buffer, 'alternate');
      terminal.kill(signal);
      assert.equal(await exitOf(terminal), { status: null, signal });
      assertGivenBack(terminal, /ended by a signal.*\n.*npx gillnet train --resume \w+/);
    }));

  test(`${signal} before the training: the terminal is given back, with the next step`, () =>
    inTerminal(run(...long), {}, async (terminal) => {
      await terminal.waitFor('q or Ctrl-C stops');
      terminal.kill(signal);
      assert.equal(await exitOf(terminal), { status: null, signal });
      assertGivenBack(terminal, /ended by a signal.*\nNothing was trained yet/);
    }));
}

test('what a native library writes stands in the log, and on no frame', () => {
  // LibTorch's OpenMP writes all its settings to descriptor 2 when it is loaded.
  const env = { OMP_DISPLAY_ENV: 'true' };
  return inTerminal(run(...long, '--runs', 'loud'), { env }, async (terminal) => {
    await terminal.waitFor(live);
    const frame = terminal.screen().join('\n');
    assert.not.match(frame, /OMP_|OPENMP/);
    // The log of a training that goes on would move away.
    terminal.press('p');
    await terminal.waitFor('paused; space goes on');
    terminal.press(`4${pageUp.repeat(100)}`);
    await terminal.waitFor("OMP_DYNAMIC = 'FALSE'");
    terminal.press('p');
    await nextStep(terminal);
    const lines = readLog(path.join(work, 'loud')).flatMap((each) =>
      each.type === 'output' ? [each.text.trim()] : [],
    );
    assert.is(lines[0], 'OPENMP DISPLAY ENVIRONMENT BEGIN');
    assert.is(lines.at(-1), 'OPENMP DISPLAY ENVIRONMENT END');
  });
});

test.run();
