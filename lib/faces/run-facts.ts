import type { GillnetEvent } from '../pipeline/events.js';
import { endOf } from './event-log.js';
import { count, duration, loss, percent, size } from './format.js';
import type { RunRecord } from './report/record.js';

/** How a run ended; `open` where it goes on, or was killed. */
export type Outcome = ReturnType<typeof endOf> | 'open';

export function outcomeOf({ done, error }: RunRecord): Outcome {
  const last = error ?? done;
  return last ? endOf(last) : 'open';
}

/** The best epoch that validation has seen; undefined before any. */
export function bestEpochOf({ epochs }: RunRecord): GillnetEvent<'epoch'> | undefined {
  return epochs.findLast(({ best }) => best);
}

const times = (a: number, b: number) => (a === 0 ? '' : `× ${(b / a).toPrecision(3)}`);
const less = (text: (value: number) => string) => (a: number, b: number) =>
  `${b < a ? '−' : '+'}${text(Math.abs(b - a))}`;

/** How people are told a value, and a second one beside it. */
const kinds = {
  count: { text: count, apart: less(count) },
  share: { text: percent, apart: less((by) => `${(100 * by).toFixed(1)} points`) },
  loss: { text: loss, apart: less(loss) },
  rate: { text: String, apart: times },
  seconds: { text: duration, apart: times },
  bytes: { text: size, apart: times },
  /** What only tells one from another. */
  seed: { text: String, apart: () => '' },
} satisfies Record<string, { text(value: number): string; apart(a: number, b: number): string }>;

/** One of the things that a run is told by; its value is null where the run does not tell it. */
export interface Fact {
  /** For programs. */
  key: string;
  /** For people, as `text`. */
  name: string;
  value: string | number | null;
  text: string;
  /** What another run's value is beside this one's, for people; empty where nothing can be said. */
  apart(other: Fact): string;
}

/** Where they are not the words that the key is made of. */
const names: Record<string, string> = {
  ...{ weightsSha256: 'SHA-256 of the weights', trainPhotos: 'photos to train' },
  ...{ valPhotos: 'photos to validate', libtorch: 'LibTorch', trainedEpochs: 'epochs trained' },
  ...{ valAccuracy: 'validation accuracy', valLoss: 'validation loss', macroF1: 'macro F1' },
  ...{ leaks: 'test photos that trained', epochSeconds: 'time of the epochs' },
  ...{ seconds: 'time in all' },
};

const nameOf = (key: string) =>
  names[key] ?? key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function said(key: string, value: string | null | undefined): Fact {
  return { key, name: nameOf(key), value: value ?? null, text: value ?? '–', apart: () => '' };
}

function hash(key: string, value: string | null | undefined): Fact {
  // Enough of it to tell two apart.
  return { ...said(key, value), text: value?.slice(0, 12) ?? '–' };
}

function number(key: string, kind: keyof typeof kinds, value: number | null | undefined): Fact {
  const { text, apart } = kinds[kind];
  return {
    ...{ key, name: nameOf(key), value: value ?? null, text: value == null ? '–' : text(value) },
    apart: (other) =>
      typeof value === 'number' && typeof other.value === 'number' && other.value !== value
        ? apart(value, other.value)
        : '',
  };
}

/** What was chosen, or given. */
export function settingsOf({ started, guarded, epochs }: RunRecord): Fact[] {
  return [
    said('recipe', started?.recipe),
    said('network', started?.model),
    said('weights', started?.weights),
    hash('weightsSha256', started?.weightsSha256),
    number('epochs', 'count', epochs.at(-1)?.epochs ?? started?.epochs),
    number('batchSize', 'count', started?.batchSize),
    number('imageSize', 'count', started?.imageSize),
    said('optimizer', started?.optimizer),
    number('learningRate', 'rate', started?.learningRate),
    said('schedule', started?.schedule),
    number('seed', 'seed', started?.seed),
    said('policy', guarded?.policy),
    number('trainPhotos', 'count', started?.trainPhotos),
    number('valPhotos', 'count', started?.valPhotos),
    number('classes', 'count', started?.classes.length),
    hash('dataFingerprint', started?.dataFingerprint),
    said('device', started?.device),
    said('dtype', started?.dtype),
    number('threads', 'count', started?.threads),
    said('gillnet', started?.versions?.gillnet),
    said('libtorch', started?.versions?.libtorch),
  ];
}

/** What came of it. */
export function figuresOf(record: RunRecord): Fact[] {
  const { evaluated, done, calibrated, epochs, memory } = record;
  const best = bestEpochOf(record);
  const seconds = epochs.reduce((sum, each) => sum + each.seconds, 0);
  return [
    number('trainedEpochs', 'count', epochs.at(-1)?.epoch),
    number('bestEpoch', 'count', best?.epoch),
    number('valAccuracy', 'share', best?.valAccuracy),
    number('valLoss', 'loss', best?.valLoss),
    number('temperature', 'loss', calibrated?.temperature),
    number('testAccuracy', 'share', evaluated?.accuracy),
    number('macroF1', 'share', evaluated?.macroF1),
    number('logLoss', 'loss', evaluated?.logLoss),
    number('calibrationError', 'share', evaluated?.ece),
    number('leaks', 'count', evaluated?.leaks),
    number('epochSeconds', 'seconds', seconds || null),
    number('seconds', 'seconds', done?.seconds),
    number('memory', 'bytes', memory || null),
  ];
}
