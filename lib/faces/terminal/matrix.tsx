import { Box, Text } from 'ink';
import type { GillnetEvent } from '../../pipeline/events.js';
import { shownClasses } from './confusion.js';
import { cutEnd, fill, fit, widthOf } from './text.js';

/** Room for a shade and a count. */
const cellWidth = 6;
const maxLabelWidth = 14;
const shades = ['·', '░', '▒', '▓', '█'];

/** How wide the matrix would like to be. */
export function matrixWidth({ classes }: GillnetEvent<'evaluated'>): number {
  const widest = Math.max(...classes.map(({ label }) => widthOf(label)));
  return Math.min(maxLabelWidth, widest) + 1 + cellWidth * classes.length;
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
  const widest = Math.max(...classes.map(({ label }) => widthOf(label)));
  const labelWidth = Math.min(maxLabelWidth, widest, Math.floor(columns / 3));
  const room = Math.min(rows - 2, Math.floor((columns - labelWidth - 1) / cellWidth));
  const shown = shownClasses(evaluated, room);
  return (
    <Box flexDirection="column" width={columns} flexShrink={0}>
      <Text dimColor wrap="truncate">
        {shown.length < classes.length
          ? `the ${shown.length} most confused of ${classes.length} classes`
          : 'rows true, columns predicted'}
      </Text>
      <Text dimColor wrap="truncate">
        {fill('', labelWidth + 1)}
        {shown.map((index) => fillStart(cutEnd(labelOf(index), cellWidth - 1))).join('')}
      </Text>
      {shown.map((row) => (
        <Text key={labelOf(row)} wrap="truncate">
          {fit(labelOf(row), labelWidth)}{' '}
          {shown.map((column) => (
            <Cell
              key={labelOf(column)}
              value={confusion[row]?.[column] ?? 0}
              total={(confusion[row] ?? []).reduce((sum, value) => sum + value, 0)}
              right={row === column}
            />
          ))}
        </Text>
      ))}
    </Box>
  );
}

function Cell({ value, total, right }: { value: number; total: number; right: boolean }) {
  const share = value / Math.max(1, total);
  const text = fillStart(
    `${shades[Math.ceil(share * (shades.length - 1))]}${String(value).padStart(3)}`,
  );
  return value === 0 ? (
    <Text dimColor>{text}</Text>
  ) : (
    <Text color={right ? 'green' : 'red'} bold={share >= 0.5}>
      {text}
    </Text>
  );
}

function fillStart(text: string): string {
  return ' '.repeat(Math.max(0, cellWidth - widthOf(text))) + text;
}
