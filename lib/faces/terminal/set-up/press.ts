import type { GillnetEvent } from '../../../pipeline/events.js';
import type { Choice } from '../../../pipeline/proposal.js';
import type { Action, Press } from '../keys.js';
import { type Field, fields, recipeFor } from './fields.js';

/** Where a person is in the set-up, and what a key press changes about it. */
export interface SetUpView {
  choice: Choice;
  /** Index of the field that the arrows change. */
  field: number;
  /** A number under way. */
  typed: string;
  /** What is wrong with it. */
  refused: string | null;
  /** A key was pressed: somebody is there. */
  touched: boolean;
  /** The choice is on its way; keys wait for what comes of it. */
  started: boolean;
}

export function initialSetUp({ choice }: GillnetEvent<'proposed'>): SetUpView {
  return { choice, field: 0, typed: '', refused: null, touched: false, started: false };
}

const turns: Record<string, number> = { right: 1, left: -1, 'page-up': 10, 'page-down': -10 };
const moves: Record<string, number> = { down: 1, tab: 1, up: -1, 'shift-tab': -1 };

/** The view after a key, and what it asks for. */
export function pressSetUp(
  view: SetUpView,
  key: Press,
  proposed: GillnetEvent<'proposed'>,
): { view: SetUpView; action: Action | null } {
  if (view.started) return { view, action: null };
  const touched = { ...view, touched: true };
  const next = 'name' in key ? named(touched, key.name, proposed) : typing(touched, key.character);
  return { view: next, action: actionBetween(view, next) };
}

/** Begins with what is chosen. */
export function start(view: SetUpView): { view: SetUpView; action: Action } {
  const { choice } = view;
  return {
    view: { ...view, started: true },
    action: { kind: 'answer', answer: { kind: 'start', choice } },
  };
}

/** What the time of a training depends on: choices that are equal in it need no measuring of their own. */
export function shapeOf(choice: Choice): string {
  const { imageSize, decodeSize, batchSize, optimizer } = recipeFor(choice);
  return [choice.architecture, imageSize, decodeSize, batchSize, optimizer.algorithm].join(' ');
}

function actionBetween(before: SetUpView, after: SetUpView): Action | null {
  const { choice } = after;
  if (after.started) return start(after).action;
  if (shapeOf(before.choice) === shapeOf(choice)) return null;
  return { kind: 'answer', answer: { kind: 'measure', choice } };
}

function named(view: SetUpView, name: string, proposed: GillnetEvent<'proposed'>): SetUpView {
  if (name === 'enter') return view.typed === '' ? { ...view, started: true } : taken(view);
  if (name === 'escape') return { ...view, typed: '', refused: null };
  if (name === 'backspace') {
    if (view.typed === '') return chosen(view, fieldOf(view).unset ?? {});
    return { ...view, typed: view.typed.slice(0, -1), refused: null };
  }
  const [by, down] = [turns[name], moves[name]];
  if (!by && !down) return view;
  const ready = taken(view);
  if (ready.refused !== null) return ready;
  if (by) {
    const { choice } = ready;
    return chosen(ready, fieldOf(ready).turn(recipeFor(choice), choice, by, proposed));
  }
  return { ...ready, field: (ready.field + (down ?? 0) + fields.length) % fields.length };
}

function typing(view: SetUpView, character: string): SetUpView {
  if (!fieldOf(view).read || !/[\d.e-]/.test(character)) return view;
  return { ...view, typed: view.typed + character, refused: null };
}

/** What was typed becomes the value, or is refused. */
function taken(view: SetUpView): SetUpView {
  if (view.typed === '') return view;
  const value = fieldOf(view).read?.(view.typed) ?? {};
  return typeof value === 'string' ? { ...view, refused: value } : chosen(view, value);
}

function chosen(view: SetUpView, values: Partial<Choice>): SetUpView {
  return { ...view, choice: { ...view.choice, ...values }, typed: '', refused: null };
}

function fieldOf({ field }: SetUpView): Field {
  return fields[field] as Field;
}
