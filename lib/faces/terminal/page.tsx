import { Box, Text } from 'ink';
import type { ReactNode } from 'react';
import type { Layout } from './layout.js';
import type { ScreenState, Training } from './state.js';

/** What a page is drawn from. */
export interface PageProps {
  state: ScreenState;
  training: Training;
  columns: number;
  rows: number;
  scroll: number;
}

/** How far a page scrolls: by lines, or by what can be marked. */
export type Furthest = (state: ScreenState, layout: Layout) => number;

/** Rows of a page below its title, from `scroll` on; what does not fit is counted. */
export function Rows(props: {
  title: string;
  rows: number;
  scroll: number;
  children: ReactNode[];
}) {
  const { title, rows, scroll, children } = props;
  const room = Math.max(0, rows - 1);
  const hidden = children.length - room;
  const from = Math.max(0, Math.min(scroll, hidden));
  return (
    <Box flexDirection="column">
      <Text wrap="truncate" dimColor>
        {title}
        {hidden > 0 && ` · ${from + 1}–${from + room} of ${children.length}, ↑ ↓`}
      </Text>
      {children.slice(from, from + room)}
    </Box>
  );
}
