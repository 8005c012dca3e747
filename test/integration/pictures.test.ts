import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { type Terminal, terminalSuite } from '../support/terminal.js';
import { assertGivenBack, exitOf, inTerminal, leave, live, long, run } from '../support/trainer.js';

const test = terminalSuite('pictures in the trainer');

/** Learns next to nothing, so that photos stay wrong. */
const wrong = ['--lr', '0.000000001', ...long];

/** The page of the photos that it gets most wrong, with one of them. */
async function photosOf(terminal: Terminal): Promise<void> {
  await terminal.waitFor(live);
  await terminal.waitFor(/epoch [2-9]/);
  terminal.press('3');
  await terminal.waitFor(/most wrong after epoch/);
}

/** Waits until the program has written this, which the emulator does not show. */
async function written(terminal: Terminal, sequence: string): Promise<void> {
  for (let tenths = 0; !terminal.output.includes(sequence); tenths += 1) {
    assert.ok(tenths < 100, `there is no ${JSON.stringify(sequence)}`);
    await pause(100);
  }
}

/** The training ends after this epoch, and its last screen is left. */
async function finish(terminal: Terminal): Promise<void> {
  terminal.press('f');
  await leave(terminal);
  assert.equal(await exitOf(terminal), { status: 0, signal: null });
}

test('a photo is shown in half-blocks of its own colour, and goes with its page', () =>
  inTerminal(run(...wrong), {}, async (terminal) => {
    await photosOf(terminal);
    await terminal.waitFor(/▀{8}/);
    const [, red = 0, green = 0, blue = 0] =
      /38;2;(\d+);(\d+);(\d+)/.exec(terminal.output)?.map(Number) ?? [];
    // The photos are of r 220 or 30, g 0 to 99, b 90; WebP is not exact.
    assert.ok(Math.min(Math.abs(red - 220), Math.abs(red - 30)) < 12, `red ${red}`);
    assert.ok(green < 115 && Math.abs(blue - 90) < 12, `green ${green}, blue ${blue}`);
    for (const other of ['1', '3', '?']) {
      terminal.press(other);
      await terminal.waitFor((text) => (other === '3') === /▀{8}/.test(text));
    }
    // Any key closes the help.
    terminal.press('x');
    await finish(terminal);
    assert.ok(terminal.output.includes('\x1b[16t\x1b[c'), 'it asks what the terminal can do');
    await pause(200);
    // What that answers is not typed, neither here nor into the shell.
    assertGivenBack(terminal, /done in [^\n]*\n*$/);
  }));

test('whoever says so gets another kind of picture, or none', async () => {
  await inTerminal(run(...wrong, '--pictures', 'kitty'), {}, async (terminal) => {
    await photosOf(terminal);
    await written(terminal, '\x1b_Ga=T,f=24');
    terminal.press('1');
    await written(terminal, '\x1b_Ga=d,d=I');
  });
  await inTerminal(run(...wrong), { env: { GILLNET_PICTURES: 'none' } }, async (terminal) => {
    await photosOf(terminal);
    await pause(1500);
    assert.not.ok(terminal.output.includes('▀'));
  });
});

test('NO_COLOR is kept to, and a photo shown in shades', () =>
  inTerminal(run(...wrong), { env: { NO_COLOR: '1' } }, async (terminal) => {
    await photosOf(terminal);
    await terminal.waitFor(/^.{66,}[░▒▓]{8}/m);
    await finish(terminal);
    const styles = terminal.output.match(/(?<=\p{Cc}\[)[\d;]*(?=m)/gu) ?? [];
    // Bold, dim, inverse and their ends are no colours.
    const plain = new Set(['', '0', '1', '2', '3', '4', '7', '22', '23', '24', '27']);
    assert.equal(
      [...new Set(styles)].filter((style) => !plain.has(style)),
      [],
    );
  }));

test.run();
