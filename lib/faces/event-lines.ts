import { type Split, splits } from '../catalog/catalog.js';
import type { EventType, GillnetEvent } from '../pipeline/events.js';
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

/** One line that tells an event, or null for those that only move a progress bar. */
export function describe(event: GillnetEvent): string | null {
  const line = lines[event.type] as ((event: GillnetEvent) => string) | null;
  return line ? printable(line(event)) : null;
}

const lines: { [T in EventType]: ((event: GillnetEvent<T>) => string) | null } = {
  ...{ progress: null, proposed: null, measured: null, step: null, picture: null, paired: null },
  ...{ mistaken: null, system: null },
  stage: ({ stage, detail }) => `${stage}: ${detail}`,
  warning: ({ message }) => `warning: ${message}`,
  output: ({ text }) => text,
  skipped: ({ photo, reason }) => `skipped ${photo}: ${reason}`,
  uploaded({ photos, bytes, present, refused, ignored, seconds }) {
    const aside = [
      present > 0 && `${count(present)} were there`,
      refused > 0 && `${count(refused)} refused`,
      ignored > 0 && `${plural(ignored, 'other file')} left out`,
    ].filter(Boolean);
    return (
      `uploaded ${plural(photos, 'photo')} (${size(bytes)}) in ${duration(seconds)}` +
      (aside.length > 0 ? `; ${aside.join(', ')}` : '')
    );
  },
  tried: ({ right, photos }) =>
    `${count(right)} of ${count(photos)} right (${percent(right / photos)})`,
  extracted({ photos, labels, splits, ignored, skipped, seconds }) {
    const left = [
      skipped - ignored > 0 && plural(skipped - ignored, 'broken photo'),
      ignored > 0 &&
        `${plural(ignored, 'file')} that ${ignored === 1 ? 'is no photo' : 'are no photos'}`,
    ].filter(Boolean);
    const aside = left.length > 0 ? `; left out: ${left.join(', ')}` : '';
    return (
      `extracted ${plural(photos, 'photo')} of ${plural(Object.keys(labels).length, 'label')} ` +
      `(${bySplit(splits)}) in ${duration(seconds)}${aside}`
    );
  },
  guarded(event) {
    const { groups, leaks, kept, list } = event;
    if (groups === 0) return 'guarded: no photo stands twice in the data';
    return (
      `guarded: ${plural(groups, 'group')} of photos that show the same${byKind(event)}` +
      `${leaks > 0 ? `; ${seenLine(event)}` : ', each in one split'}; ${takenOut(event)}; left: ${bySplit(kept)}${list ? `; list: ${list}` : ''}`
    );
  },
  doubted({ checked, found, photos: [worst], list }) {
    if (checked === 0) return 'doubted: no label has enough photos to be looked at';
    if (!worst) return `doubted: none of ${count(checked)} labels looks wrong`;
    return (
      `doubted: ${count(found)} of ${count(checked)} labels ${found === 1 ? 'looks' : 'look'} wrong, ` +
      `such as ${worst.photo} (${worst.label}, rather ${worst.suggested})${list ? `; list: ${list}` : ''}`
    );
  },
  resumed: ({ epoch, step }) => `going on in epoch ${epoch}, ${plural(step, 'step')} of it done`,
  started: (event) =>
    `training ${event.model} (${(event.parameters / 1e6).toFixed(1)} M parameters) on ${plural(event.trainPhotos, 'photo')}, ` +
    `validating on ${count(event.valPhotos)}: recipe ${event.recipe}, weights ${event.weights}, ${plural(event.epochs, 'epoch')}, ` +
    `batch ${event.batchSize}, ${event.imageSize}² pixels, ${event.device} ${event.dtype}, ${plural(event.threads, 'thread')}`,
  fitted({ batchSize, tried }) {
    const rates = tried.map(
      (each) => `${each.batchSize} give ${each.imagesPerSecond.toFixed(1)} images/s`,
    );
    return `batches of ${batchSize}: ${rates.join(', ')}`;
  },
  planned: ({ epochs, of, seconds }) =>
    `${epochs} of ${plural(of, 'epoch')} ${epochs === 1 ? 'fits' : 'fit'} into the time` +
    (epochs > 0 ? `: about ${duration(seconds)}` : '; the head alone is what is trained'),
  epoch(event) {
    const { epoch, epochs, trainAccuracy } = event;
    // Nothing where a log is from before it was told.
    const trained = trainAccuracy === undefined ? '' : `train accuracy ${percent(trainAccuracy)}, `;
    return (
      `epoch ${epoch}/${epochs}${epoch === 0 ? ', the head alone' : ''}: train loss ${loss(event.trainLoss)}, ` +
      `${trained}validation loss ${loss(event.valLoss)}, ` +
      `validation accuracy ${percent(event.valAccuracy)}${event.best ? ' (best so far)' : ''}, ` +
      `${event.imagesPerSecond.toFixed(1)} images/s, ${duration(event.seconds)}`
    );
  },
  asked(event) {
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
  },
  calibrated({ photos, temperature, threshold }) {
    // Logs from before thresholds were told have none.
    const sure = threshold === undefined ? '' : `, sure from ${percent(threshold)} on`;
    return `calibrated on ${plural(photos, 'photo')} of validation: temperature ${temperature.toFixed(3)}${sure}`;
  },
  quantized({ photos, valAccuracy, float32Accuracy, kept }) {
    const how = `validation accuracy ${percent(valAccuracy)} in int8, ${percent(float32Accuracy)} in float32`;
    const verdict = kept
      ? ''
      : '; that is too far below, so that the model infers in float32 alone';
    return `quantized on ${plural(photos, 'photo')} of training: ${how}${verdict}`;
  },
  tracked: ({ url }) => `MLflow shows the run at ${url}`,
  saved: ({ model, bytes }) => `saved ${model} (${size(bytes)})`,
  evaluated(event) {
    // Without what a log from before it was told does not have.
    const { balancedAccuracy, auc, ece, eceUncalibrated, report, unseen } = event;
    const isCalibrated = (event.temperature ?? 1) !== 1;
    const facts = [
      `accuracy ${percentWithin(event.accuracy, event.accuracyInterval)}${flattered(event.leaks)}`,
      unseen &&
        `of the ${count(unseen.photos)} that it has not ${percentWithin(unseen.accuracy, unseen.accuracyInterval)}`,
      balancedAccuracy != null && `balanced accuracy ${percent(balancedAccuracy)}`,
      `macro F1 ${figureWithin(event.macroF1, event.macroF1Interval)}`,
      auc != null && `AUC ${auc.toFixed(3)}`,
      `calibration error ${percent(ece)}${isCalibrated ? `, uncalibrated ${percent(eceUncalibrated)}` : ''}`,
    ].filter(Boolean);
    return (
      `evaluated on ${plural(event.photos, 'photo')} of ${event.split}${event.int8 ? ' in int8' : ''}: ${facts.join(', ')}` +
      (report ? `; report: ${report}` : '')
    );
  },
  compared({ photos, split, models, worse, better, difference, differenceInterval, p }) {
    const [first, second] = models;
    const points = `${difference >= 0 ? '+' : '−'}${(100 * Math.abs(difference)).toFixed(1)} points`;
    const verdict = p < 0.05 ? 'more than chance explains' : 'which chance may explain';
    return (
      `compared on ${plural(photos, 'photo')} of ${split}: ${first.model} ${percent(first.accuracy)}, ` +
      `${second.model} ${percent(second.accuracy)}, ` +
      `${points}${within(differenceInterval && percentEnds(differenceInterval))}; ` +
      `${count(worse.length + better.length)} told differently, ` +
      `McNemar ${p < 0.0001 ? 'p < 0.0001' : `p = ${p.toFixed(4)}`}, ${verdict}`
    );
  },
  predicted({ photo, label, confidence, sure, ranked, expected }) {
    const others = ranked.slice(1, 3).map((each) => `${each.label} ${percent(each.confidence)}`);
    const rest = others.length > 0 ? `  (${others.join(', ')})` : '';
    const isRight = expected === label ? '  ✓' : `  ✗ is ${expected}`;
    const verdict = expected === undefined ? '' : isRight;
    const unsure = sure === false ? ', not sure' : '';
    return `${photo}: ${label} ${percent(confidence)}${unsure}${rest}${verdict}`;
  },
  explained({ photo, label, confidence, predicted, file }) {
    const other = predicted === label ? '' : ` (predicted: ${predicted})`;
    return `${photo}: ${label} ${percent(confidence)}${other}: ${file}`;
  },
  serving({ model, int8, address, shadow }) {
    const beside = shadow ? `, ${shadow} in its shadow` : '';
    return `serving ${model}${int8 ? ' in int8' : ''} at ${address}${beside}; Ctrl-C ends it`;
  },
  shown: ({ url }) => `runs are shown at ${url}`,
  served: ({ model, shadow, before }) =>
    `${model} serves${shadow ? ' in the shadow' : ''}, before ${before}`,
  answered(event) {
    const status = event.aborted ? 'broken off' : event.status;
    const photos = event.photos > 0 ? `, ${plural(event.photos, 'photo')}` : '';
    return `${event.client} ${event.method} ${event.path}: ${status} in ${event.milliseconds.toFixed(1)} ms${photos} (${event.id})`;
  },
  draining: ({ photos }) => `takes no more requests; ${plural(photos, 'photo')} under way`,
  stopped: ({ seconds, requests }) =>
    `stopped after ${duration(seconds)} and ${count(requests)} requests`,
  done({ interrupted, run, model, valAccuracy, testAccuracy, leaks, seconds }) {
    if (interrupted) {
      return `stopped after ${duration(seconds)}; go on with \`npx gillnet train --resume ${run}\``;
    }
    const facts = [
      model && `model ${model}`,
      valAccuracy !== null && `validation accuracy ${percent(valAccuracy)}`,
      testAccuracy !== null && `test accuracy ${percent(testAccuracy)}${flattered(leaks)}`,
    ].filter(Boolean);
    return `done in ${duration(seconds)}${facts.length > 0 ? `: ${facts.join(', ')}` : ''}`;
  },
  error: ({ code, photo, message }) =>
    `error [${code}]: ${photo === undefined ? '' : `${photo}: `}${message}`,
};

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
