import type { GillnetEvent } from '../pipeline/events.js';
import { endOf } from './event-log.js';
import { count, duration, loss, percent, size } from './format.js';
import type { RunRecord } from './report/record.js';

/** How a run ended; `open` where it goes on, or was killed. */
export function outcomeOf({ done, error }: RunRecord): ReturnType<typeof endOf> | 'open' {
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

/** How people are told a value, and a second number beside it; without `apart` nothing can be said of that. */
interface Kind<V> {
  text(value: V): string;
  apart?(a: number, b: number): string;
}

const kinds = {
  count: { text: count, apart: less(count) },
  share: { text: percent, apart: less((by) => `${(100 * by).toFixed(1)} points`) },
  loss: { text: loss, apart: less(loss) },
  rate: { text: String, apart: times },
  seconds: { text: duration, apart: times },
  bytes: { text: size, apart: times },
  /** Enough of it to tell two apart. */
  hash: { text: (value: string) => value.slice(0, 12) },
};

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

function fact<V extends string | number>(
  key: string,
  value: V | null | undefined,
  { text, apart }: Kind<V> = { text: String },
): Fact {
  return {
    key,
    name: names[key] ?? key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
    value: value ?? null,
    text: value == null ? '–' : text(value),
    apart: ({ value: other }) =>
      apart && typeof value === 'number' && typeof other === 'number' && other !== value
        ? apart(value, other)
        : '',
  };
}

/** What was chosen, or given. */
export function settingsOf({ started, guarded, epochs }: RunRecord): Fact[] {
  return [
    fact('recipe', started?.recipe),
    fact('network', started?.model),
    fact('weights', started?.weights),
    fact('weightsSha256', started?.weightsSha256, kinds.hash),
    fact('epochs', epochs.at(-1)?.epochs ?? started?.epochs, kinds.count),
    fact('batchSize', started?.batchSize, kinds.count),
    fact('imageSize', started?.imageSize, kinds.count),
    fact('optimizer', started?.optimizer),
    fact('learningRate', started?.learningRate, kinds.rate),
    fact('schedule', started?.schedule),
    fact('seed', started?.seed),
    fact('policy', guarded?.policy),
    fact('trainPhotos', started?.trainPhotos, kinds.count),
    fact('valPhotos', started?.valPhotos, kinds.count),
    fact('classes', started?.classes.length, kinds.count),
    fact('dataFingerprint', started?.dataFingerprint, kinds.hash),
    fact('device', started?.device),
    fact('dtype', started?.dtype),
    fact('threads', started?.threads, kinds.count),
    fact('gillnet', started?.versions?.gillnet),
    fact('libtorch', started?.versions?.libtorch),
  ];
}

/** What came of it. */
export function figuresOf(record: RunRecord): Fact[] {
  const { evaluated, done, calibrated, epochs, memory } = record;
  const best = bestEpochOf(record);
  const seconds = epochs.reduce((sum, each) => sum + each.seconds, 0);
  return [
    fact('trainedEpochs', epochs.at(-1)?.epoch, kinds.count),
    fact('bestEpoch', best?.epoch, kinds.count),
    fact('valAccuracy', best?.valAccuracy, kinds.share),
    fact('valLoss', best?.valLoss, kinds.loss),
    fact('temperature', calibrated?.temperature, kinds.loss),
    fact('testAccuracy', evaluated?.accuracy, kinds.share),
    fact('macroF1', evaluated?.macroF1, kinds.share),
    fact('logLoss', evaluated?.logLoss, kinds.loss),
    fact('calibrationError', evaluated?.ece, kinds.share),
    fact('leaks', evaluated?.leaks, kinds.count),
    fact('epochSeconds', seconds || null, kinds.seconds),
    fact('seconds', done?.seconds, kinds.seconds),
    fact('memory', memory || null, kinds.bytes),
  ];
}
