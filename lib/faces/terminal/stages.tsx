import { Box, Static, Text } from 'ink';
import { printable } from '../format.js';
import { progressBar } from './bars.js';
import type { ScreenState } from './state.js';
import { toneColour } from './tones.js';

/** Before and without a training: what is over above, the stage under way below. */
export function Stages({ state, columns }: { state: ScreenState; columns: number }) {
  const { log, running, stopping, watching } = state;
  return (
    <>
      <Static items={log}>
        {({ key, text, tone }) => (
          <Text key={key} {...toneColour(tone)}>
            {printable(text)}
          </Text>
        )}
      </Static>
      {running && (
        <Box flexDirection="column" marginTop={1}>
          <Stage running={running} columns={columns} />
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

function Stage(props: { running: NonNullable<ScreenState['running']>; columns: number }) {
  const { running, columns } = props;
  const { stage, detail, done, total } = running;
  return (
    <Box flexDirection="column">
      <Text bold wrap="truncate">
        {stage} <Text dimColor>{printable(detail)}</Text>
      </Text>
      {total > 0 && (
        <Text wrap="truncate">
          {progressBar(done / total, Math.max(10, Math.min(40, columns - 40)))} {done} of {total}
        </Text>
      )}
    </Box>
  );
}
