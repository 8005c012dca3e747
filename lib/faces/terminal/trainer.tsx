import { Box, Text } from 'ink';
import { Header } from './header.js';
import { Hints } from './hints.js';
import type { View } from './keys.js';
import { layoutOf, type Size } from './layout.js';
import { Notice } from './notice.js';
import { pages } from './pages.js';
import { pictureOf } from './photos.js';
import type { WantedPicture } from './pictures/layer.js';
import { Progress } from './progress.js';
import { Prompt } from './prompt.js';
import type { ScreenState } from './state.js';
import { Status } from './status.js';
import { Help, TabBar } from './tabs.js';

export interface TrainerProps {
  state: ScreenState;
  view: View;
  size: Size;
  /** Milliseconds since 1970, for what is counted while nothing happens. */
  now: number;
}

/** The picture that belongs into the room that the screen leaves for it, or null. */
export function wantedPicture({
  state: { training },
  view,
  size,
}: Pick<TrainerProps, 'state' | 'view' | 'size'>): WantedPicture | null {
  const { columns, top, page } = layoutOf(size);
  if (!training || view.tab !== 'photos' || view.overlay === 'help') return null;
  return pictureOf(training, { columns, rows: page, row: top }, view.scroll);
}

/** The full screen of a training. */
export function Trainer({ state, view, size, now }: TrainerProps) {
  const { training, done } = state;
  if (!training) return null;
  const { columns, page, facts, rules, keys, status } = layoutOf(size);
  const { Body } = pages[view.tab];
  const rule = rules && <Text dimColor>{'─'.repeat(columns)}</Text>;
  return (
    <Box flexDirection="column" width={columns} height={size.rows} overflowY="hidden">
      <Header started={training.started} columns={columns} facts={facts} />
      <Progress training={training} columns={columns} />
      <TabBar tab={view.tab} done={done !== null} />
      {rule}
      <Box height={page} width={columns} flexShrink={0} overflowY="hidden">
        {view.overlay === 'help' ? (
          <Help columns={columns} rows={page} />
        ) : (
          <Body {...{ state, training, columns, rows: page, scroll: view.scroll }} />
        )}
      </Box>
      {rule}
      {view.input ? (
        <Prompt input={view.input} columns={columns} />
      ) : (
        <Notice state={state} view={view} now={now} />
      )}
      {status && <Status training={training} />}
      {keys && <Hints state={state} />}
    </Box>
  );
}
