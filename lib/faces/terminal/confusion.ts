import type { GillnetEvent } from '../../pipeline/events.js';
import { plural } from '../format.js';

export interface Confusion {
  label: string;
  predicted: string;
  count: number;
  /** Of all photos with that label. */
  share: number;
}

/** Which labels are taken for which others, the most frequent first. */
export function worstConfusions({ classes, confusion }: GillnetEvent<'evaluated'>): Confusion[] {
  return confusion
    .flatMap((row, from) => {
      const total = row.reduce((sum, value) => sum + value, 0);
      return row.map((count, to) => ({
        label: classes[from]?.label ?? '',
        predicted: classes[to]?.label ?? '',
        count: from === to ? 0 : count,
        share: count / Math.max(1, total),
      }));
    })
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || b.share - a.share);
}

/** `3 of 24 perch taken for bream` */
export function inWords({ label, predicted, count, share }: Confusion): string {
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
