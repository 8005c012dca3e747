import type { GillnetEvent } from '../pipeline/events.js';

/** Figures of many steps as the few that a screen shows, in a terminal and in a browser. */

/** A figure over epochs: 0.5 is the middle of the first. */
export interface Point {
  x: number;
  y: number;
}

/** More points than a chart is wide tell nothing. */
const maxPoints = 512;
const smoothing = 0.15;

/** An exponential mean over some ten values; null before there is one. */
export function smooth(before: number | null, now: number | null): number | null {
  if (before === null || now === null) return now ?? before;
  return before + smoothing * (now - before);
}

/** Losses with that of one more step; what was done after the checkpoint that a run resumed from is done again. */
export function withLoss(losses: Point[], event: GillnetEvent<'step'>): Point[] {
  const point = { x: event.epoch - 1 + event.step / event.steps, y: event.loss };
  return halved([...losses.filter(({ x }) => x < point.x), point]);
}

/** Means of neighbours, once there are too many. */
function halved(points: Point[]): Point[] {
  if (points.length <= maxPoints) return points;
  return Array.from({ length: Math.ceil(points.length / 2) }, (_, index) => {
    const [left, right = left] = points.slice(2 * index, 2 * index + 2) as [Point, Point?];
    return { x: right.x, y: (left.y + right.y) / 2 };
  });
}

/** Training accuracies over epochs, the last one the mean of the epoch's steps so far. */
export function meanSoFar(accuracies: Point[], event: GillnetEvent<'step'>): Point[] {
  const { epoch, step, steps, accuracy } = event;
  const mean = accuracies.find(({ x }) => x > epoch - 1)?.y ?? accuracy;
  const point = { x: epoch - 1 + step / steps, y: mean + (accuracy - mean) / step };
  return [...before(accuracies, epoch), point];
}

/** The mean of an epoch under way gives way to what the epoch's end tells, if it tells any. */
export function wholeEpoch(accuracies: Point[], event: GillnetEvent<'epoch'>): Point[] {
  const { epoch, trainAccuracy } = event;
  const point = { x: epoch, y: trainAccuracy };
  return [...before(accuracies, epoch), ...(trainAccuracy === undefined ? [] : [point])];
}

function before(accuracies: Point[], epoch: number): Point[] {
  return accuracies.filter(({ x }) => x <= epoch - 1);
}
