import type { GillnetEvent, Stage } from '../../pipeline/events.js';
import { describe } from '../format.js';

/** What the screen shows, as one value: every event makes the next. */
export interface ScreenState {
  /** What is over, one line each, oldest first. */
  finished: { key: number; text: string; tone: Tone }[];
  running: { stage: Stage; detail: string; done: number; total: number } | null;
  training: Training | null;
  stopping: boolean;
}

export type Tone = 'plain' | 'good' | 'warning' | 'error';

export interface Training {
  started: GillnetEvent<'started'>;
  epochs: GillnetEvent<'epoch'>[];
  step: GillnetEvent<'step'> | null;
  /** Of every step, for the curve. */
  losses: number[];
  /** Smoothed over some ten steps. */
  imagesPerSecond: number;
}

export const initialState: ScreenState = {
  finished: [],
  running: null,
  training: null,
  stopping: false,
};

const smoothing = 0.15;

/** The state after one more event. */
export function reduce(state: ScreenState, event: GillnetEvent): ScreenState {
  switch (event.type) {
    case 'stage': {
      const { stage, detail } = event;
      return { ...state, running: { stage, detail, done: 0, total: 0 } };
    }
    case 'progress':
      if (!state.running) return state;
      return { ...state, running: { ...state.running, done: event.done, total: event.total } };
    case 'started':
      return finish({ ...state, training: trainingOf(event) }, event);
    case 'step': {
      if (!state.training) return state;
      const { losses, imagesPerSecond: before } = state.training;
      const now = event.imagesPerSecond;
      return {
        ...state,
        training: {
          ...state.training,
          step: event,
          losses: [...losses, event.loss],
          imagesPerSecond: before === 0 ? now : before + smoothing * (now - before),
        },
      };
    }
    case 'epoch':
      if (!state.training) return state;
      return {
        ...state,
        training: { ...state.training, epochs: [...state.training.epochs, event] },
      };
    case 'saved':
      return finish({ ...finishTraining(state), training: null, running: null }, event);
    case 'uploaded':
    case 'extracted':
    case 'guarded':
    case 'evaluated':
      return finish({ ...state, running: null }, event);
    case 'done':
      return finish({ ...finishTraining(state), training: null, running: null }, event);
    default:
      return finish(state, event);
  }
}

/** What a key press changes. */
export function requestStop(state: ScreenState): ScreenState {
  return { ...state, stopping: true };
}

function trainingOf(started: GillnetEvent<'started'>): Training {
  return { started, epochs: [], step: null, losses: [], imagesPerSecond: 0 };
}

/** The best epoch's line stays on the screen when the live table goes. */
function finishTraining(state: ScreenState): ScreenState {
  const best = state.training?.epochs.findLast((epoch) => epoch.best);
  return best ? finish(state, best) : state;
}

function finish(state: ScreenState, event: GillnetEvent): ScreenState {
  const text = describe(event);
  if (text === null) return state;
  const line = { key: state.finished.length, text, tone: toneOf(event) };
  return { ...state, finished: [...state.finished, line] };
}

function toneOf(event: GillnetEvent): Tone {
  if (event.type === 'error') return 'error';
  if (event.type === 'warning' || event.type === 'skipped') return 'warning';
  if (event.type === 'predicted' && event.expected !== undefined) {
    return event.expected === event.label ? 'good' : 'error';
  }
  return event.type === 'done' ? 'good' : 'plain';
}

/** Seconds until the last epoch ends, from the epochs so far, or from the first steps; null before them. */
export function secondsLeft({ started, epochs, step, imagesPerSecond }: Training): number | null {
  const photosLeft = (from: GillnetEvent<'step'>) => (from.steps - from.step) * started.batchSize;
  if (!step || imagesPerSecond === 0) return null;
  const lastEpoch = epochs.at(-1);
  // After an epoch's end its last step is still the newest one.
  const within =
    lastEpoch && lastEpoch.epoch >= step.epoch ? 0 : photosLeft(step) / imagesPerSecond;
  const whole = lastEpoch?.seconds ?? (step.steps * started.batchSize) / imagesPerSecond;
  const begun = Math.max(step.epoch, lastEpoch?.epoch ?? 0);
  return within + (started.epochs - begun) * whole;
}
