import { emitKeypressEvents, type Interface, type Key } from 'node:readline';
import { PassThrough } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Press } from './keys.js';
import { type Answers, noAnswers, query, takeAnswers } from './pictures/graphics.js';

/** An escape sequence comes in one go; a lone Esc is the key. */
const escapeMilliseconds = 50;
/** Until a terminal that says nothing of itself is taken for a plain one. */
const answerMilliseconds = 500;

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
  #decoder = new StringDecoder();
  #held = false;
  /** Told what the terminal answers, until it has. */
  #onAnswers: ((answers: Answers) => void) | null = null;
  #answers = noAnswers;
  /** What may be the beginning of an answer. */
  #pending = '';
  #flush: NodeJS.Timeout | undefined;

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

  /** Asks the terminal what it can show, while the keyboard is held; its answers are no keys. */
  async ask(terminal: NodeJS.WriteStream): Promise<Answers> {
    if (!this.#held) return noAnswers;
    return new Promise((resolve) => {
      this.#onAnswers = resolve;
      setTimeout(() => resolve(this.#answers), answerMilliseconds).unref();
      terminal.write(query);
    });
  }

  #take = (chunk: Buffer) => {
    const text = this.#decoder.write(chunk);
    if (!this.#onAnswers) return void this.#keys.write(text);
    clearTimeout(this.#flush);
    const { rest, pending, answers } = takeAnswers(this.#pending + text, this.#answers);
    this.#answers = answers;
    this.#pending = pending;
    this.#keys.write(rest);
    if (answers.attributes) {
      this.#onAnswers(answers);
      this.#onAnswers = null;
      this.#typed();
    } else if (pending !== '') this.#flush = setTimeout(this.#typed, escapeMilliseconds);
  };

  /** What was no answer after all. */
  #typed = () => {
    this.#keys.write(this.#pending);
    this.#pending = '';
  };
}

/** Null for what means nothing here. @param text what was typed @param key as node:readline tells it */
function pressOf(text: string | undefined, key: Key): Press | null {
  const { name = '', ctrl, meta, shift } = key;
  if (ctrl) return name === 'c' || name === 'z' ? { name: `ctrl-${name}` } : null;
  if (name === 'tab') return { name: shift ? 'shift-tab' : 'tab' };
  const known = named[name];
  if (known) return { name: known };
  const isText = text !== undefined && !meta && !/\p{Cc}/u.test(text);
  return isText ? { character: text } : null;
}
