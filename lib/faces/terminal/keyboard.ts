import { emitKeypressEvents, type Interface, type Key } from 'node:readline';
import { PassThrough } from 'node:stream';
import type { Press } from './keys.js';

/** An escape sequence comes in one go; a lone Esc is the key. */
const escapeMilliseconds = 50;

const named: Record<string, Exclude<Press, { character: string }>['name']> = {
  return: 'enter',
  enter: 'enter',
  escape: 'escape',
  backspace: 'backspace',
  left: 'left',
  right: 'right',
  up: 'up',
  down: 'down',
  pageup: 'page-up',
  pagedown: 'page-down',
};

/** The keyboard of a terminal, read without echo and key by key for as long as it is held. */
export class Keyboard {
  #input: NodeJS.ReadStream;
  #keys = new PassThrough();
  #held = false;

  /** @param input a terminal; where it is none, nothing is read */
  constructor(input: NodeJS.ReadStream, onPress: (key: Press) => void) {
    this.#input = input;
    emitKeypressEvents(this.#keys, {
      escapeCodeTimeout: escapeMilliseconds,
    } as unknown as Interface);
    this.#keys.on('keypress', (text: string | undefined, key: Key) => {
      const press = pressOf(text, key);
      if (press) onPress(press);
    });
  }

  hold(): void {
    if (this.#held || !this.#input.isTTY) return;
    this.#held = true;
    this.#input.setRawMode(true);
    this.#input.on('data', this.#take);
    this.#input.resume();
  }

  /** Leaves the terminal as it was. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#input.off('data', this.#take);
    this.#input.pause();
    this.#input.setRawMode(false);
  }

  #take = (chunk: Buffer) => void this.#keys.write(chunk);
}

/** Null for what means nothing here. @param text what was typed @param key as node:readline tells it */
export function pressOf(text: string | undefined, key: Key): Press | null {
  const { name = '', ctrl, meta, shift } = key;
  if (ctrl) return name === 'c' || name === 'z' ? { name: `ctrl-${name}` } : null;
  if (name === 'tab') return { name: shift ? 'shift-tab' : 'tab' };
  const known = named[name];
  if (known) return { name: known };
  const isText = text !== undefined && !meta && !/\p{Cc}/u.test(text);
  return isText ? { character: text } : null;
}
