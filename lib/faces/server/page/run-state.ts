import type { GillnetEvent } from '../../../pipeline/events.js';
import { type Point, smooth, withLoss } from '../../curves.js';

/** What the page knows of a run, as one value: every event makes the next. */
export interface RunState {
  /** What it does besides training: a stage's name, and what on. */
  stage: { name: string; detail: string; done: number; total: number } | null;
  started: GillnetEvent<'started'> | null;
  /** Epochs that there are to be. */
  planned: number;
  step: GillnetEvent<'step'> | null;
  epochs: GillnetEvent<'epoch'>[];
  /** Of training; long runs hold means of steps. */
  losses: Point[];
  /** Smoothed over some ten steps. */
  imagesPerSecond: number | null;
  /** The newest last, each once. */
  warnings: string[];
  /** Why its process may be gone. */
  quiet: string | null;
  paused: boolean;
  saved: GillnetEvent<'saved'> | null;
  evaluated: GillnetEvent<'evaluated'> | null;
  done: GillnetEvent<'done'> | null;
  error: GillnetEvent<'error'> | null;
}

export const nothing: RunState = {
  ...{ stage: null, started: null, planned: 0, step: null, epochs: [], losses: [] },
  ...{ imagesPerSecond: null, warnings: [], quiet: null, paused: false },
  ...{ saved: null, evaluated: null, done: null, error: null },
};

/** More warnings nobody reads. */
const maxWarnings = 20;

/** The state after one more event. */
export function reduce(before: RunState, event: GillnetEvent): RunState {
  if (event.type === 'warning' && event.code === 'QUIET') {
    return { ...before, quiet: event.message };
  }
  const state = { ...before, quiet: null };
  switch (event.type) {
    case 'stage':
      return { ...state, stage: { name: event.stage, detail: event.detail, done: 0, total: 0 } };
    case 'progress': {
      const { done, total } = event;
      return { ...state, stage: state.stage && { ...state.stage, done, total } };
    }
    case 'started': {
      const same = state.started?.run === event.run;
      return {
        ...state,
        ...{ started: event, planned: event.epochs, stage: null, step: null, paused: false },
        ...{ epochs: same ? state.epochs : [], losses: same ? state.losses : [] },
        ...{ saved: null, evaluated: null, done: null, error: null },
      };
    }
    case 'resumed':
      // What was done after the checkpoint is done again.
      return event.history.reduce(reduce, { ...state, epochs: [] });
    case 'planned':
      return { ...state, planned: event.epochs };
    case 'step':
      return {
        ...state,
        ...{ step: event, stage: null, losses: withLoss(state.losses, event) },
        imagesPerSecond: smooth(state.imagesPerSecond, event.imagesPerSecond),
      };
    case 'epoch': {
      const earlier = state.epochs.filter(({ epoch }) => epoch < event.epoch);
      return { ...state, planned: event.epochs, epochs: [...earlier, event] };
    }
    case 'asked': {
      const paused = event.kind === 'pause' || (state.paused && event.kind !== 'resume');
      const more = event.kind === 'epochs' ? event.add : 0;
      const planned = event.kind === 'finish' ? event.epoch : state.planned + more;
      return { ...state, paused, planned };
    }
    case 'warning': {
      const others = state.warnings.filter((text) => text !== event.message);
      return { ...state, warnings: [...others, event.message].slice(-maxWarnings) };
    }
    case 'saved':
      return { ...state, saved: event };
    case 'evaluated':
      return { ...state, evaluated: event };
    case 'done':
      return { ...state, done: event, stage: null };
    case 'error':
      return event.photo === undefined ? { ...state, error: event, stage: null } : state;
    default:
      return state;
  }
}

/** How much of all epochs is done, 0…1. */
export function shareOf({ planned, step, epochs, done }: RunState): number {
  if (done && !done.interrupted) return 1;
  const whole = epochs.at(-1)?.epoch ?? 0;
  if (planned === 0) return 0;
  const within = step && step.epoch > whole ? step.epoch - 1 + step.step / step.steps : whole;
  return Math.min(1, within / planned);
}

/** What the run does, or how it has ended, in a word, which is the class of its look, too. */
export function standing({ error, done, quiet, paused }: RunState) {
  if (error) return error.code === 'INTERRUPTED' ? 'stopped' : 'failed';
  if (done) return done.interrupted ? 'stopped' : 'done';
  if (quiet !== null) return 'silent';
  return paused ? 'paused' : 'running';
}
