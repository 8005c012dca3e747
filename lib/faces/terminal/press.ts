import type { Key } from 'ink';
import type { Press } from './keys.js';

const named = {
  return: 'enter',
  escape: 'escape',
  backspace: 'backspace',
  // Most terminals send what Ink calls delete for the backspace key.
  delete: 'backspace',
  leftArrow: 'left',
  rightArrow: 'right',
  upArrow: 'up',
  downArrow: 'down',
  pageUp: 'page-up',
  pageDown: 'page-down',
} as const;

/** What Ink read, as keys: what was typed fast or pasted comes as one text. */
export function pressesOf(input: string, key: Key): Press[] {
  if (key.ctrl) return input === 'c' ? [{ name: 'ctrl-c' }] : [];
  if (key.tab) return [{ name: key.shift ? 'shift-tab' : 'tab' }];
  for (const [flag, name] of Object.entries(named)) {
    if (key[flag as keyof typeof named]) return [{ name }];
  }
  if (key.meta) return [];
  return [...input].flatMap((character): Press[] => {
    if (character === '\r' || character === '\n') return [{ name: 'enter' }];
    if (character === '\x03') return [{ name: 'ctrl-c' }];
    if (character === '\t') return [{ name: 'tab' }];
    if (character === '\x7f' || character === '\b') return [{ name: 'backspace' }];
    return character < ' ' ? [] : [{ character }];
  });
}
