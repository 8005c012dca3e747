import type { Answer } from '../../pipeline/proposal.js';
import type { Request } from '../../pipeline/requests.js';
import { printable } from '../format.js';
import { type ScreenState, takesRequests } from './state.js';

/** Where a person is in the screens, and what a key press changes about it. */

export const tabs = ['overview', 'classes', 'photos', 'log', 'result'] as const;
export type Tab = (typeof tabs)[number];

/** Those that there is something on: the result stands at the end of a run, and of the list. */
export const tabsIn = (done: boolean): readonly Tab[] => (done ? tabs : tabs.slice(0, -1));
/** The keys that lead to them. */
export const tabKeys = (done: boolean): string => `1–${tabsIn(done).length}`;

export type InputKind = 'learningRate' | 'epochs' | 'note';

export interface View {
  tab: Tab;
  /** Lines scrolled away from where the tab begins; the log begins at its end. */
  scroll: number;
  overlay: 'help' | 'stop' | null;
  input: { kind: InputKind; text: string; refused: string | null } | null;
}

export const initialView: View = { tab: 'overview', scroll: 0, overlay: null, input: null };

export type Action =
  | { kind: 'ask'; request: Request }
  | { kind: 'answer'; answer: Answer }
  | { kind: 'stop' | 'leave' | 'suspend' };

/** One key: a character, or the name of a key that is none. */
export type Press =
  | { character: string }
  | { name: 'enter' | 'escape' | 'backspace' | 'ctrl-c' | 'ctrl-z' | 'tab' | 'shift-tab' }
  | { name: 'left' | 'right' | 'up' | 'down' | 'page-up' | 'page-down' };

export interface Pressed {
  view: View;
  action: Action | null;
}

/** What each key does, for the overlay that shows them. */
export const help: [string, string][] = [
  [`${tabKeys(false)}, ← →, tab`, 'another page'],
  ['↑ ↓, page up, page down', 'scroll the page'],
  ['space, p', 'pause; again: go on'],
  ['f', 'finish after this epoch and keep the best'],
  ['s', 'save a checkpoint now'],
  ['l', 'multiply the learning rate, for the rest of the run'],
  ['e', 'add epochs'],
  ['n', 'write a note into the run’s log'],
  ['q, Ctrl-C', 'stop now; asks first'],
  ['Ctrl-Z', 'back to the shell; fg goes on'],
  ['Esc', 'close this'],
];

const turns: Record<string, number> = { right: 1, tab: 1, left: -1, 'shift-tab': -1 };
const scrolls: Record<string, number> = { down: 1, up: -1, 'page-down': 10, 'page-up': -10 };
const commands: Record<string, InputKind> = { l: 'learningRate', e: 'epochs', n: 'note' };
/** What Enter means before anything is written. */
export const proposals: Record<InputKind, string> = { learningRate: '0.5', epochs: '5', note: '' };

/** The view after a key, and what it asks for. */
export function press(view: View, key: Press, state: ScreenState): Pressed {
  const interrupts = 'name' in key && key.name === 'ctrl-c';
  // All is over, or goes on in another process: leaving needs no question.
  if (state.done && !view.overlay && leaves(key)) return { view, action: { kind: 'leave' } };
  if (state.watching && !view.overlay && leaves(key)) return stop(view);
  // A second Ctrl-C needs no answer: whoever presses it means it.
  if (interrupts && (view.overlay === 'stop' || state.stopping)) return stop(view);
  if (view.input && !interrupts) return write(view, view.input, key);
  if (view.overlay === 'stop') return answer(view, key);
  if (view.overlay === 'help') return stay({ ...view, overlay: null });
  if (interrupts) return stay({ ...view, input: null, overlay: 'stop' });
  return 'name' in key ? move(view, key.name, state) : command(view, key.character, state);
}

function leaves(key: Press): boolean {
  return 'name' in key
    ? key.name === 'enter' || key.name === 'escape' || key.name === 'ctrl-c'
    : key.character === 'q';
}

function answer(view: View, key: Press): Pressed {
  if ('character' in key && key.character.toLowerCase() === 'y') return stop(view);
  return stay({ ...view, overlay: null });
}

function move(view: View, name: string, { done }: ScreenState): Pressed {
  const turn = turns[name];
  if (turn) return stay({ ...view, tab: around(tabsIn(done !== null), view.tab, turn), scroll: 0 });
  const lines = scrolls[name] ?? 0;
  // The log is read from its end.
  const scroll = view.scroll + (view.tab === 'log' ? -lines : lines);
  return stay({ ...view, scroll: Math.max(0, scroll) });
}

/** The value `by` places further, from the last one to the first again. */
export function around<T>(values: readonly T[], value: T, by: number): T {
  const at = values.indexOf(value) + by;
  return values[((at % values.length) + values.length) % values.length] as T;
}

function command(view: View, character: string, state: ScreenState): Pressed {
  const tab = tabsIn(state.done !== null)[Number(character) - 1];
  if (tab) return stay({ ...view, tab, scroll: 0 });
  if (character === '?') return stay({ ...view, overlay: 'help' });
  if (character === 'q') return stay({ ...view, overlay: 'stop' });
  if (!takesRequests(state)) return stay(view);
  if (character === ' ' || character === 'p')
    return ask(view, { kind: state.paused ? 'resume' : 'pause' });
  if (character === 'f') return ask(view, { kind: 'finish' });
  if (character === 's') return ask(view, { kind: 'checkpoint' });
  const kind = commands[character];
  return stay(kind ? { ...view, input: { kind, text: '', refused: null } } : view);
}

/** Keys into the line input. */
function write(view: View, input: NonNullable<View['input']>, key: Press): Pressed {
  const put = (text: string) => stay({ ...view, input: { ...input, text, refused: null } });
  if ('character' in key) return put(input.text + printable(key.character));
  if (key.name === 'backspace') return put([...input.text].slice(0, -1).join(''));
  if (key.name === 'escape') return stay({ ...view, input: null });
  if (key.name !== 'enter') return stay(view);
  const asked = requestOf(input.kind, input.text.trim() || proposals[input.kind]);
  return typeof asked === 'string'
    ? stay({ ...view, input: { ...input, refused: asked } })
    : ask({ ...view, input: null }, asked);
}

/** The request that a line means, or what is wrong with it. */
function requestOf(kind: InputKind, text: string): Request | string {
  if (kind === 'note') return text === '' ? 'write some words' : { kind, text };
  const number = Number(text);
  if (kind === 'epochs') {
    return Number.isInteger(number) && number > 0 && number <= 10_000
      ? { kind, add: number }
      : 'expected a whole number from 1 to 10000';
  }
  return number > 0 && number <= 1000
    ? { kind, factor: number }
    : 'expected a factor above 0, such as 0.5';
}

const stay = (view: View): Pressed => ({ view, action: null });
const ask = (view: View, request: Request): Pressed => ({ view, action: { kind: 'ask', request } });
const stop = (view: View): Pressed => ({
  view: { ...view, overlay: null, input: null },
  action: { kind: 'stop' },
});
