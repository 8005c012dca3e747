import type { Request } from '../../pipeline/requests.js';
import { printable } from '../format.js';

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

/** What a key depends on. */
export interface Situation {
  paused: boolean;
  /** The training takes requests. */
  training: boolean;
  stopping: boolean;
  /** Leaving stops nothing, since the run is another process's. */
  watching: boolean;
  /** All is over: keys only look around and leave. */
  done: boolean;
}

export type Action = { kind: 'ask'; request: Request } | { kind: 'stop' | 'leave' | 'suspend' };

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

const pageLines = 10;
const commands: Record<string, InputKind> = { l: 'learningRate', e: 'epochs', n: 'note' };
/** What Enter means before anything is written. */
export const proposals: Record<InputKind, string> = { learningRate: '0.5', epochs: '5', note: '' };

/** The view after a key, and what it asks for. */
export function press(view: View, key: Press, situation: Situation): Pressed {
  const interrupts = 'name' in key && key.name === 'ctrl-c';
  if (situation.done && !view.overlay && leaves(key)) return { view, action: { kind: 'leave' } };
  if (situation.watching && !view.overlay && leaves(key)) return stop(view);
  // A second Ctrl-C needs no answer: whoever presses it means it.
  if (interrupts && (view.overlay === 'stop' || situation.stopping)) return stop(view);
  if (view.input && !interrupts) return write(view, view.input, key);
  if (view.overlay === 'stop') return answer(view, key);
  if (view.overlay === 'help') return stay({ ...view, overlay: null });
  if (interrupts) return stay({ ...view, input: null, overlay: 'stop' });
  return 'name' in key ? move(view, key.name, situation) : command(view, key.character, situation);
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

function move(view: View, name: string, situation: Situation): Pressed {
  const reachable = tabsIn(situation.done);
  const at = reachable.indexOf(view.tab);
  const turn = (by: number) => {
    const tab = reachable[(at + by + reachable.length) % reachable.length] as Tab;
    return stay({ ...view, tab, scroll: 0 });
  };
  // The log is read from its end.
  const scroll = (by: number) => {
    const next = view.scroll + (view.tab === 'log' ? -by : by);
    return stay({ ...view, scroll: Math.max(0, next) });
  };
  if (name === 'right' || name === 'tab') return turn(1);
  if (name === 'left' || name === 'shift-tab') return turn(-1);
  if (name === 'down') return scroll(1);
  if (name === 'up') return scroll(-1);
  if (name === 'page-down') return scroll(pageLines);
  if (name === 'page-up') return scroll(-pageLines);
  return stay(view);
}

function command(view: View, character: string, situation: Situation): Pressed {
  const tab = tabsIn(situation.done)[Number(character) - 1];
  if (tab) return stay({ ...view, tab, scroll: 0 });
  if (character === '?') return stay({ ...view, overlay: 'help' });
  if (character === 'q') return stay({ ...view, overlay: 'stop' });
  if (!situation.training || situation.done || situation.stopping) return stay(view);
  if (character === ' ' || character === 'p')
    return ask(view, { kind: situation.paused ? 'resume' : 'pause' });
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
