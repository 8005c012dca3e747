import { Box, Text } from 'ink';
import { sum } from '../../metrics/arithmetic.js';
import type { GillnetEvent } from '../../pipeline/events.js';
import { cutEnd, fill, fit, widestOf, widthOf } from './text.js';

/** Room for a shade and a count, and for labels where the terminal is wide. */
const [minCellWidth, maxCellWidth] = [6, 12];
const [minLabelWidth, maxLabelWidth] = [8, 14];
const shades = ['·', '░', '▒', '▓', '█'];

/** How wide the matrix would like to be. */
export function matrixWidth({ classes }: GillnetEvent<'evaluated'>): number {
  const widest = widestOf(classes.map(({ label }) => label));
  return Math.min(maxLabelWidth, widest) + 1 + widestCell(widest) * classes.length;
}

/** Rows are true labels, columns predicted ones; a cell is shaded by its share of the row. */
export function Matrix(props: {
  evaluated: GillnetEvent<'evaluated'>;
  columns: number;
  rows: number;
}) {
  const { evaluated, columns, rows } = props;
  const { classes, confusion } = evaluated;
  const labelOf = (index: number) => classes[index]?.label ?? '';
  const widest = widestOf(classes.map(({ label }) => label));
  // Labels give way before classes do.
  const labelRoom = Math.max(minLabelWidth, columns - 1 - minCellWidth * classes.length);
  const labelWidth = Math.min(maxLabelWidth, widest, labelRoom);
  const across = columns - labelWidth - 1;
  const shown = shownClasses(evaluated, Math.min(rows - 2, Math.floor(across / minCellWidth)));
  const cellWidth = Math.min(widestCell(widest), Math.floor(across / Math.max(1, shown.length)));
  return (
    <Box flexDirection="column" width={columns} flexShrink={0}>
      <Text dimColor wrap="truncate">
        {shown.length < classes.length
          ? `the ${shown.length} most confused of ${classes.length} classes`
          : 'rows true, columns predicted'}
      </Text>
      <Text dimColor wrap="truncate">
        {fill('', labelWidth + 1)}
        {shown.map((index) => fillStart(cutEnd(labelOf(index), cellWidth - 1), cellWidth)).join('')}
      </Text>
      {shown.map((row) => (
        <Text key={labelOf(row)} wrap="truncate">
          {fit(labelOf(row), labelWidth)}{' '}
          {shown.map((column) => (
            <Cell
              key={labelOf(column)}
              value={confusion[row]?.[column] ?? 0}
              total={sum(confusion[row] ?? [])}
              right={row === column}
              width={cellWidth}
            />
          ))}
        </Text>
      ))}
    </Box>
  );
}

function Cell(props: { value: number; total: number; right: boolean; width: number }) {
  const { value, total, right, width } = props;
  const share = value / Math.max(1, total);
  const shade = shades[Math.ceil(share * (shades.length - 1))];
  const text = fillStart(`${shade}${String(value).padStart(3)}`, width);
  return value === 0 ? (
    <Text dimColor>{text}</Text>
  ) : (
    <Text color={right ? 'green' : 'red'} bold={share >= 0.5}>
      {text}
    </Text>
  );
}

/** The classes worth showing where not all fit: those most often confused, in their own order. */
export function shownClasses({ confusion }: GillnetEvent<'evaluated'>, room: number): number[] {
  const wrong = confusion.map((row, index) => {
    const column = confusion.map((other) => other[index] ?? 0);
    return { index, count: sum(row) + sum(column) - 2 * (row[index] ?? 0) };
  });
  return wrong
    .sort((a, b) => b.count - a.count || a.index - b.index)
    .slice(0, Math.max(0, room))
    .map(({ index }) => index)
    .sort((a, b) => a - b);
}

function widestCell(widestLabel: number): number {
  return Math.max(minCellWidth, Math.min(maxCellWidth, widestLabel + 1));
}

function fillStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}
