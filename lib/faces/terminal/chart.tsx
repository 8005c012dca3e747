import { Box, Text } from 'ink';
import type { Point } from '../curves.js';
import { type Cell, means, plot, position, type Range } from './braille.js';
import { widthOf } from './text.js';

interface Series {
  name: string;
  colour: string;
  points: Point[];
}

interface ChartProps {
  title: string;
  series: Series[];
  show: (value: number) => string;
  best: number | null;
  epochs: number;
  columns: number;
  rows: number;
}

const axisWidth = 8;

/** Lines over epochs: a legend with the newest values, the ends of both axes, the best epoch marked. */
export function Chart(props: ChartProps) {
  const { title, series, show, best, epochs, columns, rows } = props;
  const size = { columns: Math.max(1, columns - axisWidth), rows: Math.max(1, rows - 2) };
  const x = { from: 0, to: epochs };
  const lines = series.map(({ points }) => means(points, x, size.columns));
  const y = rangeOf(lines);
  // The highest value beside the first row, the lowest beside the last.
  const edges = y && { [size.rows - 1]: show(y.from), 0: show(y.to) };
  const drawn = plot(lines, size, x, y ?? { from: 0, to: 1 });
  return (
    <Box flexDirection="column" width={columns} height={rows} overflowY="hidden">
      <Text wrap="truncate">
        <Text bold>{title}</Text>
        {legendOf(props).map(({ name, colour, newest }) => (
          <Text key={name}>
            {' '}
            <Text color={colour}>━ {name}</Text>
            {newest && ` ${newest}`}
          </Text>
        ))}
      </Text>
      {drawn.map((cells, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of a chart is its place.
        <Text key={row} wrap="truncate">
          <Text dimColor>{(edges?.[row] ?? '').padStart(axisWidth - 1)}│</Text>
          {runsOf(cells).map(({ at, text, series: owner }) => (
            <Text key={at} color={series[owner ?? -1]?.colour ?? ''}>
              {text}
            </Text>
          ))}
        </Text>
      ))}
      <EpochAxis epochs={epochs} best={best} columns={size.columns} />
    </Box>
  );
}

/** Names with their newest values; where there is no room for all, the last one's alone. */
function legendOf({ title, series, show, columns }: ChartProps) {
  const entries = series.map(({ name, colour, points }) => {
    const newest = points.at(-1);
    return { name, colour, newest: newest ? show(newest.y) : null };
  });
  const words = entries.map(({ name, newest }) => ` ━ ${name} ${newest ?? ''}`);
  if (widthOf(title + words.join('')) <= columns) return entries;
  return entries.map((entry, index) =>
    index < entries.length - 1 ? { ...entry, newest: null } : entry,
  );
}

/** `0───★ 11────20`: where the best epoch lies. */
function EpochAxis(props: { epochs: number; best: number | null; columns: number }) {
  const { epochs, best, columns } = props;
  const last = String(epochs);
  const line = Math.max(0, columns - last.length - 1);
  const wanted = best === null ? 0 : position(best, { from: 0, to: epochs }, columns - 1) - 1;
  const named = `★ ${best} `;
  // At the right end the number would run into the axis' own.
  const mark = best === null ? '' : wanted + widthOf(named) <= line ? named : '★';
  const before = Math.max(0, Math.min(wanted, line - widthOf(mark)));
  return (
    <Text wrap="truncate">
      <Text dimColor>
        {' '.repeat(axisWidth - 1)}0{'─'.repeat(before)}
      </Text>
      <Text color="green">{mark}</Text>
      <Text dimColor>
        {'─'.repeat(Math.max(0, line - before - widthOf(mark)))}
        {last}
      </Text>
    </Text>
  );
}

/** Null before there is a value. */
function rangeOf(lines: Point[][]): Range | null {
  const values = lines.flatMap((points) => points.map(({ y }) => y));
  return values.length === 0 ? null : { from: Math.min(...values), to: Math.max(...values) };
}

/** Neighbours of one colour as one text. */
function runsOf(cells: Cell[]): { at: number; text: string; series: number | null }[] {
  const runs: { at: number; text: string; series: number | null }[] = [];
  cells.forEach(({ character, series }, at) => {
    const last = runs.at(-1);
    if (last && last.series === series) last.text += character;
    else runs.push({ at, text: character, series });
  });
  return runs;
}
