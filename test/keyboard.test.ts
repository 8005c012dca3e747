import { PassThrough } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { Keyboard } from '../lib/faces/terminal/keyboard.js';
import type { Press } from '../lib/faces/terminal/keys.js';
import { suite } from './support/suite.js';

const test = suite('keyboard');

/** What a terminal sends, and what it is asked to be. */
function terminal() {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), {
    ...{ isTTY: true, setRawMode: (raw: boolean) => modes.push(raw) },
  });
  const pressed: Press[] = [];
  const keyboard = new Keyboard(input as unknown as NodeJS.ReadStream, (key) => pressed.push(key));
  const send = async (...texts: string[]) => {
    for (const text of texts) {
      input.write(text);
      await pause(5);
    }
  };
  return { modes, pressed, keyboard, send, input };
}

const character = (text: string) => [...text].map((each) => ({ character: each }));

test('keys that arrive together are read one by one', async () => {
  const { keyboard, pressed, send } = terminal();
  keyboard.hold();
  await send('l 2é鯉🐟\r', '\x03\x03\x1a', '\x7f\b\t\x1b[Z');
  assert.equal(pressed, [
    ...character('l 2é鯉🐟'),
    { name: 'enter' },
    { name: 'ctrl-c' },
    { name: 'ctrl-c' },
    { name: 'ctrl-z' },
    { name: 'backspace' },
    { name: 'backspace' },
    { name: 'tab' },
    { name: 'shift-tab' },
  ]);
});

test('arrows are one key in each of their spellings, also cut in two, and a lone Esc is Esc', async () => {
  const { keyboard, pressed, send } = terminal();
  keyboard.hold();
  await send('\x1b[A\x1bOB', '\x1b', '[C', '\x1b[D\x1b[5~\x1b[6~');
  await send('\x1b');
  await pause(100);
  await send('q');
  assert.equal(pressed, [
    ...['up', 'down', 'right', 'left', 'page-up', 'page-down', 'escape'].map((name) => ({ name })),
    { character: 'q' },
  ]);
});

test('what means nothing here is no key', async () => {
  const { keyboard, pressed, send } = terminal();
  keyboard.hold();
  await send('\x1b[15~\x1bx\x01\x00\x1b[200~a\x1b[201~');
  assert.equal(pressed, [{ character: 'a' }]);
});

test('a key typed before it is held is read then, and none after it is released', async () => {
  const { keyboard, pressed, send, modes, input } = terminal();
  await send('a');
  keyboard.hold();
  keyboard.hold();
  await pause(5);
  keyboard.release();
  keyboard.release();
  await send('b');
  assert.equal(pressed, [{ character: 'a' }]);
  assert.equal(modes, [true, false]);
  assert.ok(input.isPaused());
});

test('what is no terminal is left alone', async () => {
  const { keyboard, pressed, send, modes, input } = terminal();
  Object.assign(input, { isTTY: false });
  keyboard.hold();
  await send('q');
  assert.equal([pressed, modes], [[], []]);
});

test.run();
