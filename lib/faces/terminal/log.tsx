import { Box, Text } from 'ink';
import type { Furthest, PageProps } from './page.js';
import type { Line } from './state.js';
import { wrap } from './text.js';
import { toneColour } from './tones.js';

/** All that happened, its end at the bottom; long lines go on below. */
export function Log({ state: { log }, columns, rows, scroll }: PageProps) {
  // Wrapping only what may be seen: a long run has thousands of lines.
  const near = log.slice(-(rows + scroll) || log.length);
  const lines = linesOf(near, columns);
  const end = Math.max(Math.min(rows, lines.length), lines.length - scroll);
  return (
    <Box flexDirection="column">
      {lines.slice(Math.max(0, end - rows), end).map(({ key, text, tone }) => (
        <Text key={key} wrap="truncate" color={toneColour[tone]}>
          {text}
        </Text>
      ))}
    </Box>
  );
}

export const furthestLine: Furthest = ({ log }, { columns, page }) =>
  linesOf(log, columns).length - page;

/** What happened, in lines that fit. */
export function linesOf(log: Line[], columns: number): (Omit<Line, 'key'> & { key: string })[] {
  return log.flatMap(({ key, text, tone }) =>
    wrap(text, columns - 2).map((part, index) => ({
      key: `${key}.${index}`,
      text: index === 0 ? part : `  ${part}`,
      tone,
    })),
  );
}
