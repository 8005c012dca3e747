import { type GillnetEvent, type Stage, stages } from '../../pipeline/events.js';

/** What the report tells of a run, as one value: every event makes the next. */
export interface RunRecord {
  run: string;
  /** When its first and its newest event were told; null before any. */
  began: string | null;
  ended: string | null;
  spans: Span[];
  extracted: GillnetEvent<'extracted'> | null;
  guarded: GillnetEvent<'guarded'> | null;
  pairs: GillnetEvent<'paired'>[];
  doubted: GillnetEvent<'doubted'> | null;
  started: GillnetEvent<'started'> | null;
  epochs: GillnetEvent<'epoch'>[];
  asked: GillnetEvent<'asked'>[];
  /** The most that was resident in a step, in bytes. */
  memory: number;
  calibrated: GillnetEvent<'calibrated'> | null;
  quantized: GillnetEvent<'quantized'> | null;
  saved: GillnetEvent<'saved'> | null;
  mistakes: GillnetEvent<'mistaken'>[];
  evaluated: GillnetEvent<'evaluated'> | null;
  done: GillnetEvent<'done'> | null;
  error: GillnetEvent<'error'> | null;
  /** Each once. */
  warnings: string[];
  /** Why, by the photo. */
  skipped: Map<string, string>;
  /** What photos look like, as WebP in base64. */
  pictures: ReadonlyMap<string, string>;
}

/** Where a run spends its time, in its order; a person is asked in the set-up. */
const spanNames = [...stages.slice(0, 4), 'set-up', ...stages.slice(4)] as const;

/** A stage, from its first event to the next stage's, or to its last where the run was resumed from there. */
export interface Span {
  name: Stage | 'set-up';
  detail: string;
  began: string;
  ended: string;
}

export function emptyRecord(run: string): RunRecord {
  return {
    ...{ run, began: null, ended: null, spans: [], extracted: null, guarded: null, pairs: [] },
    ...{ doubted: null, started: null, epochs: [], asked: [], memory: 0, calibrated: null },
    ...{ saved: null, mistakes: [], evaluated: null, done: null, error: null, warnings: [] },
    ...{ quantized: null, skipped: new Map(), pictures: new Map() },
  };
}

/** The record after one more event. What a log from before it was told lacks is filled in here, once for all. */
export function reduce(record: RunRecord, event: GillnetEvent): RunRecord {
  const told = { ...record, began: record.began ?? event.time, ended: event.time };
  return change({ ...told, spans: spansAfter(record.spans, event) }, event);
}

function change(record: RunRecord, event: GillnetEvent): RunRecord {
  switch (event.type) {
    case 'warning':
      if (record.warnings.includes(event.message)) return record;
      return { ...record, warnings: [...record.warnings, event.message] };
    case 'skipped':
      return skip(record, event.photo, event.reason);
    case 'guarded':
      return { ...record, guarded: { ...olderGuarded, ...event }, pairs: [], doubted: null };
    case 'paired':
      return { ...record, pairs: [...record.pairs, event] };
    case 'doubted':
      // An older log names all of them.
      return { ...record, doubted: { ...event, found: event.found ?? event.photos.length } };
    case 'started': {
      // A log goes on where its run was resumed.
      const resumed = record.started?.run === event.run;
      const { epochs, asked } = resumed ? record : emptyRecord(record.run);
      const ends = { saved: null, evaluated: null, mistakes: [], done: null, error: null };
      return { ...record, ...ends, started: event, epochs, asked };
    }
    case 'resumed':
      return { ...record, epochs: event.history };
    case 'step':
      return { ...record, memory: Math.max(record.memory, event.memory ?? 0) };
    case 'asked':
      return { ...record, asked: [...record.asked, event] };
    case 'picture':
      return { ...record, pictures: new Map([...record.pictures, [event.photo, event.image]]) };
    case 'epoch': {
      // What was done after the checkpoint that a run resumed from is done again.
      const before = record.epochs.filter(({ epoch }) => epoch < event.epoch);
      return { ...record, epochs: [...before, event] };
    }
    case 'extracted':
    case 'calibrated':
    case 'quantized':
    case 'saved':
      return { ...record, [event.type]: event };
    case 'mistaken':
      return { ...record, mistakes: [...record.mistakes, event] };
    case 'evaluated': {
      const classes = (event.classes ?? []).map((figures) => ({ ...olderClass, ...figures }));
      return { ...record, evaluated: { ...olderEvaluated, ...event, classes } };
    }
    case 'done':
      return { ...record, done: event, error: null };
    case 'error':
      if (event.photo !== undefined) return skip(record, event.photo, event.message);
      return { ...record, error: event };
    default:
      return record;
  }
}

function skip(record: RunRecord, photo: string, reason: string): RunRecord {
  // In place: of a hundred thousand photos that can't be read each would copy those before it.
  record.skipped.set(photo, reason);
  return record;
}

function spansAfter(spans: Span[], event: GillnetEvent): Span[] {
  const { time } = event;
  const last = spans.at(-1);
  const next = begins(event, last);
  // One that comes before the last in a run was begun by another process, after a pause that nobody knows.
  const goesOn = !next || (last && place(next.name) > place(last.name));
  const before = last && goesOn ? spans.with(-1, { ...last, ended: time }) : spans;
  return next ? [...before, { ...next, began: time, ended: time }] : before;
}

function begins(event: GillnetEvent, last?: Span): Pick<Span, 'name' | 'detail'> | null {
  if (event.type === 'stage') return { name: event.stage, detail: event.detail };
  const asks = event.type === 'proposed' && last?.name !== 'set-up';
  return asks ? { name: 'set-up', detail: 'a person chooses' } : null;
}

const place = (name: Span['name']) => spanNames.indexOf(name);

const olderGuarded: Pick<GillnetEvent<'guarded'>, 'kinds' | 'seen'> = {
  kinds: { 'same bytes': 0, 'same pixels': 0, 'same photo': 0, 'same scene': 0 },
  seen: { val: { photos: 0, of: 0 }, test: { photos: 0, of: 0 } },
};
const olderClass = { precisionInterval: null, recallInterval: null, auc: null };
const olderEvaluated = {
  ...{ accuracyInterval: null, balancedAccuracy: null, macroF1Interval: null, auc: null },
  ...{ logLoss: null, brier: null, confusion: [], reliability: [], temperature: 1 },
  ...{ eceUncalibrated: 0, leaks: 0, unseen: null, int8: false },
};
