import { Box, Static, Text } from 'ink';
import { printable } from '../format.js';
import type { ScreenState } from './state.js';
import { progressBar } from './text.js';
import { toneColour } from './tones.js';

/** Before and without a training: what is over above, the stage under way below. */
export function Stages({ state, columns }: { state: ScreenState; columns: number }) {
  const { log, running, stopping, watching } = state;
  const barWidth = Math.max(10, Math.min(40, columns - 40));
  return (
    <>
      <Static items={log}>
        {({ key, text, tone }) => (
          <Text key={key} color={toneColour[tone]}>
            {printable(text)}
          </Text>
        )}
      </Static>
      {running && (
        <Box flexDirection="column" marginTop={1}>
          <Text bold wrap="truncate">
            {running.stage} <Text dimColor>{printable(running.detail)}</Text>
          </Text>
          {running.total > 0 && (
            <Text wrap="truncate">
              {progressBar(running.done / running.total, barWidth)} {running.done} of{' '}
              {running.total}
            </Text>
          )}
          <Text dimColor>
            {watching
              ? 'q or Ctrl-C ends the watching; the run goes on'
              : stopping
                ? 'stopping at the next safe place; again: at once'
                : 'q or Ctrl-C stops and keeps what is done'}
          </Text>
        </Box>
      )}
    </>
  );
}
