import type { GillnetEvent } from '../pipeline/events.js';
import type { Point } from './delivery.js';
import { keyOf, keyPart } from './keys.js';

/** Figures by their names in MLflow; null where there is none. */
type Figures = Record<string, number | null | undefined>;

/**
 * Points of these figures at an event's time; what has no figure has no point, nor what an older log does not tell:
 * MLflow leaves out all that follows a value that it can't read, and says nothing of it.
 */
export function pointsAt({ time }: GillnetEvent, step: number, figures: Figures): Point[] {
  if (!Number.isSafeInteger(step)) return [];
  const timestamp = Date.parse(time);
  return Object.entries(figures).flatMap(([key, value]) =>
    typeof value === 'number' ? [{ key, value, timestamp, step }] : [],
  );
}

/** JSON, and with it a run's log, has null for what is no finite number. */
const finiteOrNaN = (value: number | null) => (value === null ? Number.NaN : value);

const megabytes = (bytes: number | null | undefined) => bytes && bytes / 1e6;

/** Counted through the epochs. */
export function stepPoints(event: GillnetEvent<'step'>): Point[] {
  const { epoch, step, steps, imagesPerSecond, memory, ...told } = event;
  return pointsAt(event, (epoch - 1) * steps + step, {
    'step/loss': finiteOrNaN(told.loss),
    'step/accuracy': told.accuracy,
    'step/learning_rate': told.learningRate,
    'step/images_per_second': imagesPerSecond,
    'step/wait_seconds': told.waitSeconds,
    'step/compute_seconds': told.computeSeconds,
    'step/resident_megabytes': megabytes(memory),
  });
}

/** By the names that Keras and Lightning users give them, so that their runs stand in the same charts. */
export function epochPoints(event: GillnetEvent<'epoch'>): Point[] {
  const byClass = event.classes.map(({ label, accuracy }): [string, number] => [
    keyOf('val_accuracy_by_class', keyPart(label)),
    accuracy,
  ]);
  return pointsAt(event, event.epoch, {
    train_loss: finiteOrNaN(event.trainLoss),
    train_accuracy: event.trainAccuracy,
    val_loss: finiteOrNaN(event.valLoss),
    val_accuracy: event.valAccuracy,
    images_per_second: event.imagesPerSecond,
    epoch_seconds: event.seconds,
    ...Object.fromEntries(byClass),
  });
}

/** What an evaluation came to, each figure's name begun with the split's. */
export function evaluationPoints(event: GillnetEvent<'evaluated'>, epoch: number): Point[] {
  const { split, unseen, accuracyInterval, macroF1Interval } = event;
  const overall: Figures = {
    ...{ photos: event.photos, accuracy: event.accuracy, macro_f1: event.macroF1 },
    ...{ balanced_accuracy: event.balancedAccuracy, auc: event.auc, log_loss: event.logLoss },
    ...{ brier: event.brier, ece: event.ece, ece_uncalibrated: event.eceUncalibrated },
    accuracy_low: accuracyInterval?.[0] ?? null,
    accuracy_high: accuracyInterval?.[1] ?? null,
    macro_f1_low: macroF1Interval?.[0] ?? null,
    macro_f1_high: macroF1Interval?.[1] ?? null,
    ...{ leaks: event.leaks, unseen_accuracy: unseen?.accuracy ?? null },
  };
  const named = Object.entries(overall).map(([name, value]) => [`${split}_${name}`, value]);
  const byClass = event.classes.flatMap(({ label, precision, recall, f1, auc }) =>
    Object.entries({ precision, recall, f1, auc }).map(([name, value]) => [
      keyOf(`${split}_${name}_by_class`, keyPart(label)),
      value,
    ]),
  );
  return pointsAt(event, epoch, Object.fromEntries([...named, ...byClass]));
}

/** By the names of MLflow's own system metrics, which its page shows apart. @param step of such an event in its run */
export function loadPoints(event: GillnetEvent<'system'>, step: number): Point[] {
  const { cpu, memoryUsed, memoryTotal, diskUsed, diskFree, received, sent } = event;
  const figures: Figures = {
    cpu_utilization_percentage: 100 * cpu,
    system_memory_usage_megabytes: megabytes(memoryUsed),
    system_memory_usage_percentage: (100 * memoryUsed) / memoryTotal,
    disk_usage_megabytes: megabytes(diskUsed),
    disk_available_megabytes: megabytes(diskFree),
    disk_usage_percentage: (100 * diskUsed) / (diskUsed + diskFree),
    network_receive_megabytes: megabytes(received),
    network_transmit_megabytes: megabytes(sent),
  };
  const named = Object.entries(figures).map(([name, value]) => [`system/${name}`, value]);
  return pointsAt(event, step, Object.fromEntries(named));
}
