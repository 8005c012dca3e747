import type { Point } from '../curves.js';

/** Lines drawn in braille: each character is two dots wide and four dots high. */

export interface Range {
  from: number;
  to: number;
}

/** One character of a chart: its dots, and the last series that drew one of them. */
export interface Cell {
  character: string;
  series: number | null;
}

/** The character without dots; a space says the same, and Ink draws it faster. */
const blank = 0x2800;
/** Bits of the dots, by row and column: Unicode's order. */
const bits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** `rows` × `columns` characters with every series as one line; later ones go over earlier ones. */
export function plot(
  series: Point[][],
  size: { columns: number; rows: number },
  x: Range,
  y: Range,
): Cell[][] {
  const { columns, rows } = size;
  const cells = Array.from({ length: rows }, () =>
    Array.from({ length: columns }, () => ({ dots: 0, series: null as number | null })),
  );
  const column = (value: number) => position(value, x, 2 * columns - 1);
  const row = (value: number) => 4 * rows - 1 - position(value, y, 4 * rows - 1);
  const dot = (at: number, down: number, owner: number) => {
    const cell = cells[Math.floor(down / 4)]?.[Math.floor(at / 2)];
    if (!cell) return;
    cell.dots |= bits[down % 4]?.[at % 2] as number;
    cell.series = owner;
  };

  series.forEach((points, owner) => {
    let before: { at: number; down: number } | null = null;
    for (const point of points) {
      const now = { at: column(point.x), down: row(point.y) };
      walk(before ?? now, now, (at, down) => dot(at, down, owner));
      before = now;
    }
  });
  return cells.map((line) =>
    line.map(({ dots, series: owner }) => ({
      character: dots === 0 ? ' ' : String.fromCharCode(blank + dots),
      series: owner,
    })),
  );
}

/** The means of the points that share one of `count` columns, where there are more points than those. */
export function means(points: Point[], { from, to }: Range, count: number): Point[] {
  if (points.length <= count) return points;
  const columns = new Map<number, Point[]>();
  for (const point of points) {
    const column = Math.floor(((point.x - from) / (to - from)) * count);
    columns.set(column, [...(columns.get(column) ?? []), point]);
  }
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [...columns.values()].map((near) => ({
    x: mean(near.map(({ x }) => x)),
    y: mean(near.map(({ y }) => y)),
  }));
}

/** Where a value lies on `0…last`; in the middle where the range is a single value. */
export function position(value: number, { from, to }: Range, last: number): number {
  const share = to > from ? (value - from) / (to - from) : 0.5;
  return Math.round(Math.max(0, Math.min(1, share)) * last);
}

/** Visits every dot from one to the other, without gaps. */
function walk(
  from: { at: number; down: number },
  to: { at: number; down: number },
  visit: (at: number, down: number) => void,
): void {
  const steps = Math.max(1, Math.abs(to.at - from.at), Math.abs(to.down - from.down));
  for (let step = 0; step <= steps; step += 1) {
    visit(
      Math.round(from.at + ((to.at - from.at) * step) / steps),
      Math.round(from.down + ((to.down - from.down) * step) / steps),
    );
  }
}
