// Long, because it is the one vocabulary of what happens: faces, reports and trackers read nothing else.
import type { Split } from '../catalog/catalog.js';
import type { Interval } from '../metrics/interval.js';
import type { ClassMetrics, Metrics } from '../metrics/metrics.js';
import type { RankedLabel } from '../metrics/softmax.js';
import type { Architecture } from '../model/architecture.js';
import type { Device } from '../model/device.js';
import type { Policy } from '../model/selection.js';
import type { Choice, ClassCount, Timing } from './proposal.js';
import type { Request } from './requests.js';
import type { ServingBodies } from './serving-events.js';

export const stages = [
  'sample',
  'upload',
  'extract',
  'guard',
  'doubt',
  'train',
  'calibrate',
  'quantize',
  'evaluate',
  'compare',
  'predict',
] as const;
export type Stage = (typeof stages)[number];

/** What ties two photos of a group, the strictest first. */
export const tieKinds = ['same bytes', 'same pixels', 'same photo', 'same scene'] as const;
export type TieKind = (typeof tieKinds)[number];

/** A photo's key, and where it stands. */
export interface PlacedPhoto {
  photo: string;
  split: Split;
  label: string;
}

/** Of the doubted photos, the worst, those whose picture is told. */
export const picturedDoubts = 12;

/** Of the doubted photos, the worst, those that the event names: all of them stand in its list. */
export const namedDoubts = 200;

/** How a model does on some of the photos that it is judged on. */
export type Figures = { photos: number } & Pick<
  Metrics,
  'accuracy' | 'accuracyInterval' | 'balancedAccuracy' | 'macroF1' | 'macroF1Interval'
>;

/** How one of two compared models does. */
export type ComparedFigures = {
  model: string;
  right: number;
  /** Photos among the compared that its training has used. */
  seen: number;
} & Pick<Metrics, 'accuracy' | 'accuracyInterval'>;

/** A photo that one of two models tells right and the other wrong, and what each of them says. */
export interface ChangedPhoto extends PlacedPhoto {
  first: RankedLabel;
  second: RankedLabel;
  /** Training of one of the two has seen it. */
  seen: boolean;
}

interface Bodies extends ServingBodies {
  /** A stage begins; `detail` says on what. */
  stage: { stage: Stage; detail: string };
  /** How far the running stage is. */
  progress: { stage: Stage; done: number; total: number };
  /** Something that a person should know and that stops nothing. */
  warning: { code: string; message: string };
  /** A line that something else wrote to the terminal, such as a library's warning. */
  output: { text: string };
  /** A photo (or a file that is none) was left out. */
  skipped: { photo: string; reason: string };
  uploaded: {
    /** Those that were not there before. */
    photos: number;
    bytes: number;
    /** Photos that were there already, with the same content. */
    present: number;
    /** Photos whose name another content has taken. */
    refused: number;
    /** Files that are no photos, or stand in no split. */
    ignored: number;
    seconds: number;
  };
  extracted: {
    photos: number;
    labels: Record<string, number>;
    splits: Record<Split, number>;
    /** Broken photos and files that are no photos. */
    skipped: number;
    /** Files that are no photos by their name, such as `.DS_Store`; part of `skipped`. */
    ignored: number;
    seconds: number;
  };
  guarded: {
    /** Sets of two or more photos that show the same. */
    groups: number;
    /** Groups by what ties their photos: the loosest tie without which a group would fall apart. */
    kinds: Record<TieKind, number>;
    /** Groups that stand on both sides of a split. */
    leaks: number;
    /** Photos of val and test that stand in a split below theirs as well, and how many there are at all. */
    seen: Record<'val' | 'test', { photos: number; of: number }>;
    /** Photos kept out of their split because another of their group judges, or because their labels disagree. */
    quarantined: number;
    /** Further copies of equal pixels within one split, of which one is kept. */
    folded: number;
    /** Photos that remain, by split. */
    kept: Record<Split, number>;
    policy: Policy;
    /** Path of a JSON file with the groups, or null where no run folder is written. */
    list: string | null;
  };
  /** Two photos of one group, as an example for people; a `picture` of each is told before. */
  paired: { kind: TieKind; conflict: boolean; photos: [PlacedPhoto, PlacedPhoto] };
  /** Photos whose label is likely wrong: confident learning over predictions of networks that had not seen them. */
  doubted: {
    /** Photos whose labels were looked at. */
    checked: number;
    /** Those that look wrong. */
    found: number;
    /** `namedDoubts` at most, the worst first; a `picture` of the first `picturedDoubts` is told before. */
    photos: (PlacedPhoto & {
      /** What it rather is. */
      suggested: string;
      /** Confidence in its label, 0…1. */
      quality: number;
    })[];
    /** Path of a JSON file with all of them, or null where no run folder is written. */
    list: string | null;
  };
  /** A person is asked how to train. */
  proposed: {
    /** Where the photos lie. */
    data: string;
    /** After the guard, the worst equipped first. */
    classes: ClassCount[];
    /** What is settled already; the rest is the recipe's own. */
    choice: Choice;
    /** What the training could begin from, and what there is to know of it. */
    weights: { source: string; about: Record<Architecture, string> }[];
    /** Those of this machine, the one that `auto` takes last. */
    devices: Device[];
    threads: number;
    /** Bytes of decoded photos held in memory. */
    memory: number;
    /** Why the answer before was not taken. */
    refused: string | null;
  };
  /** What a choice would take; no timing where none could be had. */
  measured: { choice: Choice; timing: Timing | null };
  started: {
    run: string;
    model: string;
    device: string;
    dtype: string;
    threads: number;
    recipe: string;
    /** Name of what the training began with, `none` for random ones, and SHA-256 of its file. */
    weights: string;
    weightsSha256: string | null;
    classes: string[];
    trainPhotos: number;
    valPhotos: number;
    parameters: number;
    epochs: number;
    batchSize: number;
    imageSize: number;
    optimizer: string;
    /** Peak of the schedule. */
    learningRate: number;
    schedule: string;
    seed: number;
    /** SHA-256 over split, label and content of the photos that train and validate. */
    dataFingerprint: string;
    versions: { gillnet: string; libtorch: string };
  };
  step: {
    epoch: number;
    step: number;
    steps: number;
    loss: number;
    /** Share of the batch that was told right, before the step. */
    accuracy: number;
    learningRate: number;
    imagesPerSecond: number;
    /** Of the step: waiting for its photos, and computing. */
    waitSeconds: number;
    computeSeconds: number;
    /** Resident, in bytes. */
    memory: number;
  };
  /** A training goes on from a checkpoint: with this epoch, of which so many steps are done. */
  resumed: { epoch: number; step: number; history: GillnetEvent<'epoch'>[] };
  /** How many of the recipe's epochs fit into the time that there is, and how long they are expected to take. */
  planned: { epochs: number; of: number; seconds: number };
  /** The batch size that `--batch-size auto` has found, and photos a second of those that it has tried. */
  fitted: { batchSize: number; tried: { batchSize: number; imagesPerSecond: number }[] };
  /** A person's request, when it has been honoured; `step` of the epoch is the last one done. */
  asked: { epoch: number; step: number } & Request;
  /** What a photo looks like that a later event names, once a run: `image` is a small WebP in base64. */
  picture: { photo: string; image: string };
  epoch: {
    /** Counted from 1; 0 is the head alone, fitted to what the pretrained network sees. */
    epoch: number;
    epochs: number;
    trainLoss: number;
    /** Share of the training photos that were told right, augmented as they were trained on, each before its step. */
    trainAccuracy: number;
    valLoss: number;
    valAccuracy: number;
    seconds: number;
    imagesPerSecond: number;
    /** True when no earlier epoch had a higher validation accuracy. */
    best: boolean;
    /** Of validation, in the order of the classes. */
    classes: { label: string; accuracy: number; photos: number }[];
    /** Validation photos that the model is surest to be something else, the worst first. */
    wrongest: { photo: string; label: string; predicted: string; confidence: number }[];
  };
  /** What fits the validation photos, see `Calibration`; the model has neither where it isn't told. */
  calibrated: { photos: number; temperature: number; threshold: number };
  /** How int8 does on validation beside float32, calibrated on so many training photos; the model has it where `kept`. */
  quantized: { photos: number; valAccuracy: number; float32Accuracy: number; kept: boolean };
  /** `place` is where the model's name is found: a folder, or a bucket's address. */
  saved: { model: string; place: string; sha256: string; bytes: number };
  /** What `Metrics` tells of the calibrated confidences; `confusion` in the order of `classes`. */
  evaluated: Omit<Metrics, 'perClass'> & {
    model: string;
    split: string;
    /** Whether the model computed in int8. */
    int8: boolean;
    photos: number;
    classes: ({ label: string } & ClassMetrics)[];
    /** What the model divides its logits by before their softmax; 1 where it is not calibrated. */
    temperature: number;
    /** `ece` of the bare logits. */
    eceUncalibrated: number;
    /** Photos judged here of which training has seen a version, as `--policy allow` lets it: the figures flatter. */
    leaks: number;
    /** The figures of those photos alone that stand nowhere in training; null where that is all of them, or none. */
    unseen: Figures | null;
    /** Path of report.html, or null where no run folder is written. */
    report: string | null;
  };
  /** Two models on the same photos, the first and the second. */
  compared: {
    split: string;
    photos: number;
    models: [ComparedFigures, ComparedFigures];
    bothRight: number;
    bothWrong: number;
    /** Right by the first and wrong by the second, whose surest mistakes come first. */
    worse: ChangedPhoto[];
    /** Right by the second and wrong by the first, whose surest mistakes come first. */
    better: ChangedPhoto[];
    /** Of the accuracies, the second's less the first's, with Tango's 95 % interval. */
    difference: number;
    differenceInterval: Interval | null;
    /** Two-sided, of McNemar's exact test: that a difference as large is chance where both err as often. */
    p: number;
    /** Photos of a label that one of the two does not know, which are not compared. */
    unknown: number;
  };
  /** A photo of an evaluation that the model is sure to be something else, the surest first; its `picture` is told before. */
  mistaken: PlacedPhoto & {
    predicted: string;
    confidence: number;
    /** The same picture, a WebP in base64, warm where it speaks for what was predicted. */
    heat: string;
  };
  predicted: RankedLabel & {
    photo: string;
    /** False below the threshold of a calibrated model. */
    sure: boolean;
    ranked: RankedLabel[];
    /** The catalog's label, where it is known. */
    expected?: string;
  };
  explained: {
    photo: string;
    /** What is explained. */
    label: string;
    confidence: number;
    predicted: string;
    /** Path of a picture of the photo, warm where it speaks for the label. */
    file: string;
  };
  /** How many of the photos just predicted, of those whose label is known, were told right. */
  tried: { photos: number; right: number };
  /** The page of a tracking server that shows the run. */
  tracked: { url: string };
  /** What the machine does, of a run that is tracked: its processors' share of time, and bytes. */
  system: {
    cpu: number;
    memoryUsed: number;
    memoryTotal: number;
    /** Of the disk that the run's folder is on. */
    diskUsed: number;
    diskFree: number;
    /** Through the network since the run began; null where the system doesn't tell. */
    received: number | null;
    sent: number | null;
  };
  done: {
    run: string;
    model: string | null;
    valAccuracy: number | null;
    testAccuracy: number | null;
    /** As `evaluated` has them; the test's accuracy flatters where there are some. */
    leaks: number;
    seconds: number;
    /** True when the person stopped the run before its last epoch. */
    interrupted: boolean;
  };
  error: { code: string; message: string; photo?: string };
}

export type EventType = keyof Bodies;

/** One thing that happened; `time` is ISO 8601. */
export type GillnetEvent<T extends EventType = EventType> = {
  [K in T]: { type: K; time: string } & Bodies[K];
}[T];

/** An event of this type, now. */
export function event<T extends EventType>(type: T, body: Bodies[T]): GillnetEvent<T> {
  return { type, time: new Date().toISOString(), ...body } as GillnetEvent<T>;
}
