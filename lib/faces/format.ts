import type { Interval } from '../metrics/interval.js';

/** Numbers as people read them, the same in every face. */

export const count = (value: number): string => value.toLocaleString('en');
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
/** `62.5 % (95 %: 55.8–68.8)` */
export const percentWithin = (share: number, interval: Interval | null): string =>
  percent(share) + within(interval && percentEnds(interval));
/** `0.733 (95 %: 0.650–0.801)` */
export const figureWithin = (value: number, interval: Interval | null): string =>
  value.toFixed(3) + within(interval && figureEnds(interval));
export const percentEnds = (interval: Interval): string =>
  interval.map((end) => (100 * end).toFixed(1)).join('–');
export const figureEnds = (interval: Interval): string =>
  interval.map((end) => end.toFixed(3)).join('–');
export const within = (ends: string | null): string => (ends ? ` (95 %: ${ends})` : '');
export const loss = (value: number): string => value.toFixed(4);

/** `4.2 s`, `3 min 20 s`, `2 h 05 min` */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** How long ago: `5m`, `3h`, `12d`, `2y`. @param time in ISO 8601 */
export function age(time: string): string {
  const minutes = Math.max(0, Date.now() - Date.parse(time)) / 60_000;
  if (minutes < 60) return `${Math.floor(minutes)}m`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h`;
  const days = Math.floor(minutes / (24 * 60));
  return days < 1000 ? `${days}d` : `${Math.floor(days / 365.25)}y`;
}

/** `2026-01-31 14:05:09 UTC`, of a time in ISO 8601. */
export const moment = (time: string): string =>
  time.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC');

export function size(bytes: number): string {
  // Below what would be rounded to 1000.
  if (bytes < 999_950) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 999_950_000 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Cells in columns of these widths; of a width below 0 they stand at the right. */
export function inColumns(cells: string[], widths: number[], gap = ' '): string {
  const filled = cells.map((cell, column) => {
    const width = widths[column] ?? 0;
    return width < 0 ? cell.padStart(-width) : cell.padEnd(width);
  });
  return filled.join(gap).trimEnd();
}

/** Text without control characters: names of files come from anywhere, and a terminal obeys some. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd');
}
