import type { ConfusedPair } from '../../metrics/confusion.js';
import type { GillnetEvent } from '../../pipeline/events.js';
import { plural } from '../format.js';

/** `3 of 24 perch taken for bream` */
export function inWords({ label, predicted, count, share }: ConfusedPair): string {
  return `${count} of ${plural(Math.round(count / share), label, label)} taken for ${predicted}`;
}

/** The classes worth showing where not all fit: those most often confused, in their own order. */
export function shownClasses({ confusion }: GillnetEvent<'evaluated'>, room: number): number[] {
  const wrong = confusion.map((row, index) => ({
    index,
    count:
      row.reduce((sum, value) => sum + value, 0) -
      (row[index] ?? 0) +
      confusion.reduce((sum, other, from) => sum + (from === index ? 0 : (other[index] ?? 0)), 0),
  }));
  return wrong
    .sort((a, b) => b.count - a.count || a.index - b.index)
    .slice(0, Math.max(0, room))
    .map(({ index }) => index)
    .sort((a, b) => a - b);
}
