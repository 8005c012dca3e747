import { confusedPairs } from '../metrics/confusion.js';
import type { GillnetEvent } from '../pipeline/events.js';

const mostPairs = 20;

/** All figures of an evaluation as the event has them, and the pairs of labels that are confused most, as JSON. */
export function metricsJson(event: GillnetEvent<'evaluated'>): string {
  const { type: _, report: __, classes, confusion, ...figures } = event;
  const topConfusions = confusedPairs(event).slice(0, mostPairs);
  return `${JSON.stringify({ ...figures, classes, confusion, topConfusions }, null, 1)}\n`;
}
