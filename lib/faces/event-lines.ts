import { type Split, splits } from '../catalog/catalog.js';
import type { GillnetEvent } from '../pipeline/events.js';
import {
  count,
  duration,
  figureWithin,
  loss,
  percent,
  percentEnds,
  percentWithin,
  plural,
  printable,
  size,
  within,
} from './format.js';
import { servingLine } from './serving-lines.js';

/** One line that tells an event, or null for those that only move a progress bar. */
export function describe(event: GillnetEvent): string | null {
  const line = lineOf(event);
  return line === null ? null : printable(line);
}

function lineOf(event: GillnetEvent): string | null {
  switch (event.type) {
    case 'stage':
      return `${event.stage}: ${event.detail}`;
    case 'progress':
    case 'proposed':
    case 'measured':
    case 'step':
    case 'picture':
    case 'paired':
    case 'mistaken':
    case 'system':
      return null;
    case 'warning':
      return `warning: ${event.message}`;
    case 'output':
      return event.text;
    case 'skipped':
      return `skipped ${event.photo}: ${event.reason}`;
    case 'uploaded':
      return uploadLine(event);
    case 'tried':
      return `${count(event.right)} of ${count(event.photos)} right (${percent(event.right / event.photos)})`;
    case 'extracted': {
      const { ignored, skipped } = event;
      const left = [
        skipped - ignored > 0 && plural(skipped - ignored, 'broken photo'),
        ignored > 0 &&
          `${plural(ignored, 'file')} that ${ignored === 1 ? 'is no photo' : 'are no photos'}`,
      ].filter(Boolean);
      const aside = left.length > 0 ? `; left out: ${left.join(', ')}` : '';
      return (
        `extracted ${plural(event.photos, 'photo')} of ${plural(Object.keys(event.labels).length, 'label')} ` +
        `(${bySplit(event.splits)}) in ${duration(event.seconds)}${aside}`
      );
    }
    case 'guarded':
      return guardLine(event);
    case 'doubted':
      return doubtLine(event);
    case 'resumed':
      return `going on in epoch ${event.epoch}, ${plural(event.step, 'step')} of it done`;
    case 'started':
      return (
        `training ${event.model} (${(event.parameters / 1e6).toFixed(1)} M parameters) on ${plural(event.trainPhotos, 'photo')}, ` +
        `validating on ${count(event.valPhotos)}: recipe ${event.recipe}, weights ${event.weights}, ${plural(event.epochs, 'epoch')}, ` +
        `batch ${event.batchSize}, ${event.imageSize}² pixels, ${event.device} ${event.dtype}, ${plural(event.threads, 'thread')}`
      );
    case 'fitted':
      return `batches of ${event.batchSize}: ${event.tried
        .map(
          ({ batchSize, imagesPerSecond: rate }) => `${batchSize} give ${rate.toFixed(1)} images/s`,
        )
        .join(', ')}`;
    case 'planned':
      return (
        `${event.epochs} of ${plural(event.of, 'epoch')} ${event.epochs === 1 ? 'fits' : 'fit'} into the time` +
        (event.epochs > 0
          ? `: about ${duration(event.seconds)}`
          : '; the head alone is what is trained')
      );
    case 'epoch':
      return (
        `epoch ${event.epoch}/${event.epochs}${event.epoch === 0 ? ', the head alone' : ''}: train loss ${loss(event.trainLoss)}, ` +
        `${trainAccuracy(event)}validation loss ${loss(event.valLoss)}, ` +
        `validation accuracy ${percent(event.valAccuracy)}${event.best ? ' (best so far)' : ''}, ` +
        `${event.imagesPerSecond.toFixed(1)} images/s, ${duration(event.seconds)}`
      );
    case 'asked':
      return askedLine(event);
    case 'calibrated':
      return calibratedLine(event);
    case 'quantized':
      return quantizedLine(event);
    case 'tracked':
      return `MLflow shows the run at ${event.url}`;
    case 'saved':
      return `saved ${event.model} (${size(event.bytes)})`;
    case 'evaluated':
      return evaluatedLine(event);
    case 'compared':
      return comparedLine(event);
    case 'predicted': {
      const others = event.ranked
        .slice(1, 3)
        .map(({ label, confidence }) => `${label} ${percent(confidence)}`);
      const verdict =
        event.expected === undefined
          ? ''
          : event.expected === event.label
            ? '  ✓'
            : `  ✗ is ${event.expected}`;
      const rest = others.length > 0 ? `  (${others.join(', ')})` : '';
      const unsure = event.sure === false ? ', not sure' : '';
      return `${event.photo}: ${event.label} ${percent(event.confidence)}${unsure}${rest}${verdict}`;
    }
    case 'explained': {
      const other = event.predicted === event.label ? '' : ` (predicted: ${event.predicted})`;
      return `${event.photo}: ${event.label} ${percent(event.confidence)}${other}: ${event.file}`;
    }
    case 'serving':
    case 'shown':
    case 'served':
    case 'answered':
    case 'draining':
    case 'stopped':
      return servingLine(event);
    case 'done':
      return doneLine(event);
    case 'error':
      return `error [${event.code}]: ${event.photo === undefined ? '' : `${event.photo}: `}${event.message}`;
  }
}

/** Nothing where a log is from before it was told. */
function trainAccuracy({ trainAccuracy }: GillnetEvent<'epoch'>): string {
  return trainAccuracy === undefined ? '' : `train accuracy ${percent(trainAccuracy)}, `;
}

function uploadLine(event: GillnetEvent<'uploaded'>): string {
  const { photos, bytes, present, refused, ignored, seconds } = event;
  const aside = [
    present > 0 && `${count(present)} were there`,
    refused > 0 && `${count(refused)} refused`,
    ignored > 0 && `${plural(ignored, 'other file')} left out`,
  ].filter(Boolean);
  return (
    `uploaded ${plural(photos, 'photo')} (${size(bytes)}) in ${duration(seconds)}` +
    (aside.length > 0 ? `; ${aside.join(', ')}` : '')
  );
}

function askedLine(event: GillnetEvent<'asked'>): string {
  const at = `epoch ${event.epoch}, step ${event.step}`;
  switch (event.kind) {
    case 'pause':
      return `paused at ${at}`;
    case 'resume':
      return `goes on at ${at}`;
    case 'finish':
      return `ends after epoch ${event.epoch}, as asked`;
    case 'checkpoint':
      return `checkpoint of ${at} saved, as asked`;
    case 'learningRate':
      return `learning rate times ${event.factor} from ${at} on, as asked`;
    case 'epochs':
      return `${plural(event.add, 'more epoch')}, as asked`;
    case 'note':
      return `note: ${event.text}`;
  }
}

/** Logs from before thresholds were told have none. */
function calibratedLine({ photos, temperature, threshold }: GillnetEvent<'calibrated'>): string {
  const sure = threshold === undefined ? '' : `, sure from ${percent(threshold)} on`;
  return `calibrated on ${plural(photos, 'photo')} of validation: temperature ${temperature.toFixed(3)}${sure}`;
}

function quantizedLine({ photos, kept, ...event }: GillnetEvent<'quantized'>): string {
  const how = `validation accuracy ${percent(event.valAccuracy)} in int8, ${percent(event.float32Accuracy)} in float32`;
  const verdict = kept ? '' : '; that is too far below, so that the model infers in float32 alone';
  return `quantized on ${plural(photos, 'photo')} of training: ${how}${verdict}`;
}

/** Without what a log from before it was told does not have. */
function evaluatedLine(event: GillnetEvent<'evaluated'>): string {
  const { balancedAccuracy, auc, ece, eceUncalibrated, report } = event;
  const isCalibrated = (event.temperature ?? 1) !== 1;
  const facts = [
    `accuracy ${percentWithin(event.accuracy, event.accuracyInterval)}${flattered(event.leaks)}`,
    event.unseen &&
      `of the ${count(event.unseen.photos)} that it has not ${percentWithin(event.unseen.accuracy, event.unseen.accuracyInterval)}`,
    balancedAccuracy != null && `balanced accuracy ${percent(balancedAccuracy)}`,
    `macro F1 ${figureWithin(event.macroF1, event.macroF1Interval)}`,
    auc != null && `AUC ${auc.toFixed(3)}`,
    `calibration error ${percent(ece)}${isCalibrated ? `, uncalibrated ${percent(eceUncalibrated)}` : ''}`,
  ].filter(Boolean);
  return (
    `evaluated on ${plural(event.photos, 'photo')} of ${event.split}${event.int8 ? ' in int8' : ''}: ${facts.join(', ')}` +
    (report ? `; report: ${report}` : '')
  );
}

function comparedLine(event: GillnetEvent<'compared'>): string {
  const { photos, split, models, worse, better, difference, differenceInterval, p } = event;
  const points = `${difference >= 0 ? '+' : '−'}${(100 * Math.abs(difference)).toFixed(1)} points`;
  const verdict = p < 0.05 ? 'more than chance explains' : 'which chance may explain';
  return (
    `compared on ${plural(photos, 'photo')} of ${split}: ${models[0].model} ${percent(models[0].accuracy)}, ` +
    `${models[1].model} ${percent(models[1].accuracy)}, ` +
    `${points}${within(differenceInterval && percentEnds(differenceInterval))}; ` +
    `${count(worse.length + better.length)} told differently, ` +
    `McNemar ${p < 0.0001 ? 'p < 0.0001' : `p = ${p.toFixed(4)}`}, ${verdict}`
  );
}

/** Behind a figure of photos of which training has seen some. */
const flattered = (leaks: number | undefined): string =>
  leaks ? ` (leaked: training has seen ${plural(leaks, 'photo')} of it)` : '';

/** `train 1,009, test 208`, without the empty ones. */
function bySplit(counts: Record<Split, number>): string {
  return splits
    .filter((split) => counts[split] > 0)
    .map((split) => `${split} ${count(counts[split])}`)
    .join(', ');
}

function guardLine(event: GillnetEvent<'guarded'>): string {
  const { groups, leaks, kept, list } = event;
  if (groups === 0) return 'guarded: no photo stands twice in the data';
  return (
    `guarded: ${plural(groups, 'group')} of photos that show the same${byKind(event)}` +
    `${leaks > 0 ? `; ${seenLine(event)}` : ', each in one split'}; ${takenOut(event)}; left: ${bySplit(kept)}${list ? `; list: ${list}` : ''}`
  );
}

/** What the guard's policy has done. */
export function takenOut({ policy, quarantined, folded }: GillnetEvent<'guarded'>): string {
  if (policy === 'allow') return 'policy allow: nothing was taken out';
  const copies = plural(folded, 'further copy', 'further copies');
  return `${plural(quarantined, 'photo')} quarantined, ${copies} folded`;
}

/** ` (same bytes 174, same photo 41)`, without the empty ones; nothing where a log is from before it was told. */
function byKind({ kinds }: GillnetEvent<'guarded'>): string {
  const found = Object.entries(kinds ?? {}).filter(([, groups]) => groups > 0);
  return found.length > 0
    ? ` (${found.map(([kind, groups]) => `${kind} ${count(groups)}`).join(', ')})`
    : '';
}

/** What of the photos that judge has been seen; the groups alone where a log is from before it was told. */
export function seenLine({ seen, leaks }: GillnetEvent<'guarded'>): string {
  const found = Object.entries(seen ?? {}).filter(([, { photos }]) => photos > 0);
  if (found.length === 0) return `${plural(leaks, 'group')} on both sides of a split`;
  const shares = found.map(
    ([split, { photos, of }]) => `${count(photos)} of ${count(of)} ${split} photos`,
  );
  return `${shares.join(' and ')} stand in training too`;
}

function doubtLine({ checked, found, photos, list }: GillnetEvent<'doubted'>): string {
  const [worst] = photos;
  if (checked === 0) return 'doubted: no label has enough photos to be looked at';
  if (!worst) return `doubted: none of ${count(checked)} labels looks wrong`;
  return (
    `doubted: ${count(found)} of ${count(checked)} labels ${found === 1 ? 'looks' : 'look'} wrong, ` +
    `such as ${worst.photo} (${worst.label}, rather ${worst.suggested})${list ? `; list: ${list}` : ''}`
  );
}

function doneLine({
  interrupted,
  run,
  model,
  valAccuracy,
  testAccuracy,
  leaks,
  seconds,
}: GillnetEvent<'done'>): string {
  if (interrupted) {
    return `stopped after ${duration(seconds)}; go on with \`npx gillnet train --resume ${run}\``;
  }
  const facts = [
    model && `model ${model}`,
    valAccuracy !== null && `validation accuracy ${percent(valAccuracy)}`,
    testAccuracy !== null && `test accuracy ${percent(testAccuracy)}${flattered(leaks)}`,
  ].filter(Boolean);
  return `done in ${duration(seconds)}${facts.length > 0 ? `: ${facts.join(', ')}` : ''}`;
}
