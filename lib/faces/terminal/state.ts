import type { GillnetEvent, Stage } from '../../pipeline/events.js';
import { epochsAfter, type Request } from '../../pipeline/requests.js';
import { comparisonLines } from '../comparison.js';
import { meanSoFar, type Point, smooth, wholeEpoch, withLoss } from '../curves.js';
import { describe } from '../event-lines.js';

/** What the screen shows, as one value: every event makes the next. */
export interface ScreenState {
  /** What happened, one line each, oldest first. */
  log: Line[];
  running: { stage: Stage; detail: string; done: number; total: number } | null;
  extracted: GillnetEvent<'extracted'> | null;
  guarded: GillnetEvent<'guarded'> | null;
  /** What the guard has to say of the data besides. */
  notes: string[];
  /** A training that waits for a person to begin it, and what was measured of it. */
  proposal: { proposed: GillnetEvent<'proposed'>; measured: GillnetEvent<'measured'>[] } | null;
  training: Training | null;
  evaluated: GillnetEvent<'evaluated'> | null;
  saved: GillnetEvent<'saved'> | null;
  done: GillnetEvent<'done'> | null;
  /** Asked for from here and not honoured yet, oldest first. */
  pending: Request[];
  /** The newest request that was honoured. */
  honoured: GillnetEvent<'asked'> | null;
  paused: boolean;
  stopping: boolean;
  /** The run is another process's. */
  watching: boolean;
}

export type Tone = 'plain' | 'good' | 'warning' | 'error';

export interface Line {
  key: number;
  text: string;
  tone: Tone;
  /** The epoch that the line tells of: only the best one's stays when all is over. */
  epoch?: number;
}

export interface Training {
  started: GillnetEvent<'started'>;
  /** How many there will be: people may add some. */
  planned: number;
  epochs: GillnetEvent<'epoch'>[];
  step: GillnetEvent<'step'> | null;
  /** Loss over epochs (0.5 is the middle of the first); long runs hold means of steps. */
  losses: Point[];
  /** Of train, one at each epoch's end; the newest may be the mean of the steps so far of the epoch under way. */
  accuracies: Point[];
  /** What photos look like, as WebP in base64. */
  pictures: ReadonlyMap<string, string>;
  /** Smoothed over some ten steps. */
  imagesPerSecond: number;
  /** The part of the time that steps waited for photos, smoothed alike; null where it isn't told. */
  waitShare: number | null;
}

export const initialState: ScreenState = {
  log: [],
  running: null,
  extracted: null,
  guarded: null,
  notes: [],
  proposal: null,
  training: null,
  evaluated: null,
  saved: null,
  done: null,
  pending: [],
  honoured: null,
  paused: false,
  stopping: false,
  watching: false,
};

/** The state after one more event. */
export function reduce(state: ScreenState, event: GillnetEvent): ScreenState {
  return tell(change(state, event), event);
}

function change(state: ScreenState, event: GillnetEvent): ScreenState {
  const { training } = state;
  switch (event.type) {
    case 'stage': {
      const { stage, detail } = event;
      const pending = isAfterTraining(stage) ? [] : state.pending;
      return { ...state, pending, running: { stage, detail, done: 0, total: 0 } };
    }
    case 'progress':
      if (!state.running) return state;
      return { ...state, running: { ...state.running, done: event.done, total: event.total } };
    case 'started':
      // A log goes on where its run was resumed.
      return {
        ...state,
        training: trainingOf(event, training),
        ...{ proposal: null, evaluated: null, saved: null, done: null, paused: false },
        running: null,
      };
    case 'resumed':
      return training ? { ...state, training: resume(training, event) } : state;
    case 'step':
      return training ? { ...state, training: step(training, event) } : state;
    case 'picture':
      return training ? { ...state, training: picture(training, event) } : state;
    case 'epoch':
      return training ? { ...state, training: endEpoch(training, event) } : state;
    case 'planned':
      return { ...state, training: training && { ...training, planned: event.epochs } };
    case 'asked':
      return honour(state, event);
    case 'saved':
      return { ...state, saved: event, running: null, pending: [] };
    case 'uploaded':
    case 'compared':
      return { ...state, running: null };
    case 'extracted':
      return { ...state, extracted: event, running: null };
    case 'guarded':
      return { ...state, guarded: event, notes: [], running: null };
    case 'warning':
      // Between the guard and the training there is nothing else to warn of.
      if (!state.guarded || training) return state;
      return { ...state, notes: [...state.notes, event.message] };
    case 'proposed': {
      const measured = state.proposal?.measured ?? [];
      return { ...state, proposal: { proposed: event, measured }, running: null };
    }
    case 'measured':
      if (!state.proposal) return state;
      return {
        ...state,
        proposal: { ...state.proposal, measured: [...state.proposal.measured, event] },
      };
    case 'evaluated':
      return { ...state, evaluated: event, running: null };
    case 'done':
      return { ...state, done: event, running: null, pending: [] };
    default:
      return state;
  }
}

/** What a person asks for is pending until the training honours it. */
export function request(state: ScreenState, asked: Request): ScreenState {
  return { ...state, pending: [...state.pending, asked] };
}

/** The lines that stay in the terminal when the screens go. */
export function summary(state: ScreenState): Line[] {
  const best = bestEpoch(state.training)?.epoch;
  return state.log.filter(({ epoch }) => epoch === undefined || epoch === best);
}

export function bestEpoch(training: Training | null): GillnetEvent<'epoch'> | undefined {
  return training?.epochs.findLast(({ best }) => best);
}

/** There is a training under way that takes requests, until it stops or its last epoch has ended. */
export function takesRequests(state: ScreenState): boolean {
  const { training, running, saved, done, stopping, watching } = state;
  const over = saved !== null || done !== null || isAfterTraining(running?.stage);
  return training !== null && !over && !stopping && !watching;
}

/** After the last epoch nothing that was asked for comes any more. */
function isAfterTraining(stage: Stage | undefined): boolean {
  return stage === 'calibrate' || stage === 'quantize';
}

/** The run is between its last step of an epoch and that epoch's end. */
export function validating({ step: newest, epochs }: Training): boolean {
  return newest !== null && newest.step >= newest.steps && !ended(newest, epochs);
}

/** Seconds until the epoch under way has seen all its photos; null before the first step. */
export function epochSecondsLeft(training: Training): number | null {
  const { started, step: newest, epochs, imagesPerSecond } = training;
  if (!newest || imagesPerSecond === 0) return null;
  // After an epoch's end its last step is still the newest one.
  if (ended(newest, epochs)) return 0;
  return ((newest.steps - newest.step) * started.batchSize) / imagesPerSecond;
}

/** Seconds until the last epoch ends, from the epochs so far, or from the first steps; null before them. */
export function secondsLeft(training: Training): number | null {
  const { started, planned, epochs, step: newest, imagesPerSecond } = training;
  const within = epochSecondsLeft(training);
  if (within === null || !newest) return null;
  const last = epochs.at(-1);
  // Epoch 0 takes another time than those behind it.
  const whole = last?.epoch ? last.seconds : (newest.steps * started.batchSize) / imagesPerSecond;
  return within + (planned - Math.max(newest.epoch, last?.epoch ?? 0)) * whole;
}

/** How much of all epochs is done, 0…1. */
export function runShare({ planned, epochs, step: newest }: Training): number {
  const behind = epochs.at(-1)?.epoch ?? 0;
  // The time that there was is over with the head alone.
  if (planned === 0) return 1;
  if (!newest || ended(newest, epochs)) return behind / planned;
  return (newest.epoch - 1 + newest.step / newest.steps) / planned;
}

function ended(newest: GillnetEvent<'step'>, epochs: GillnetEvent<'epoch'>[]): boolean {
  return (epochs.at(-1)?.epoch ?? 0) >= newest.epoch;
}

function trainingOf(started: GillnetEvent<'started'>, before: Training | null): Training {
  const resumed = before?.started.run === started.run;
  return {
    ...{ epochs: [], losses: [], accuracies: [], pictures: new Map() },
    ...(resumed && before),
    ...{ started, planned: started.epochs, step: null, imagesPerSecond: 0, waitShare: null },
  };
}

/** What was done after the checkpoint is done again. */
function resume(training: Training, { history }: GillnetEvent<'resumed'>): Training {
  return history.reduce(endEpoch, { ...training, epochs: [], accuracies: [] });
}

function step(training: Training, event: GillnetEvent<'step'>): Training {
  const { losses, accuracies, imagesPerSecond, waitShare } = training;
  const { accuracy, waitSeconds, computeSeconds } = event;
  const told = waitSeconds !== undefined && computeSeconds !== undefined;
  const wait = told ? waitSeconds / Math.max(1e-9, waitSeconds + computeSeconds) : null;
  return {
    ...training,
    step: event,
    losses: withLoss(losses, event),
    accuracies: accuracy === undefined ? accuracies : meanSoFar(accuracies, event),
    imagesPerSecond: smooth(imagesPerSecond || null, event.imagesPerSecond) ?? 0,
    waitShare: smooth(waitShare, wait),
  };
}

function picture(training: Training, { photo, image }: GillnetEvent<'picture'>): Training {
  return { ...training, pictures: new Map([...training.pictures, [photo, image]]) };
}

function endEpoch(training: Training, event: GillnetEvent<'epoch'>): Training {
  return {
    ...training,
    planned: event.epochs,
    epochs: [...training.epochs.filter(({ epoch }) => epoch < event.epoch), event],
    accuracies: wholeEpoch(training.accuracies, event),
  };
}

function honour(state: ScreenState, event: GillnetEvent<'asked'>): ScreenState {
  const at = state.pending.findIndex(({ kind }) => kind === event.kind);
  const { training } = state;
  return {
    ...state,
    pending: state.pending.filter((_, index) => index !== at),
    honoured: event,
    paused: event.kind === 'pause' || (state.paused && event.kind !== 'resume'),
    training: training && {
      ...training,
      planned: epochsAfter(training.planned, event, event.epoch),
    },
  };
}

function tell(state: ScreenState, event: GillnetEvent): ScreenState {
  const text = describe(event);
  // What a stage is about is shown while it runs.
  if (text === null || event.type === 'stage') return state;
  const epoch = event.type === 'epoch' ? { epoch: event.epoch } : {};
  const details = event.type === 'compared' ? comparisonLines(event) : [];
  const lines = [text, ...details].map((each, index) => ({
    ...{ key: state.log.length + index, text: each, tone: toneOf(event), ...epoch },
  }));
  return { ...state, log: [...state.log, ...lines] };
}

/** Told of, and nothing that a run can't go on from. */
const warnings: ReadonlySet<string> = new Set(['warning', 'output', 'skipped']);

function toneOf(event: GillnetEvent): Tone {
  if (event.type === 'error') return 'error';
  if (warnings.has(event.type)) return 'warning';
  if (event.type === 'doubted') return event.photos.length > 0 ? 'warning' : 'good';
  if (event.type === 'quantized') return event.kept ? 'plain' : 'warning';
  if (event.type === 'predicted' && event.expected !== undefined) {
    return event.expected === event.label ? 'good' : 'error';
  }
  return event.type === 'done' ? 'good' : 'plain';
}
