import { Box, Text } from 'ink';
import { duration } from '../format.js';
import { epochSecondsLeft, runShare, secondsLeft, type Training, validating } from './state.js';
import { fit, progressBar } from './text.js';

const labelWidth = 14;
const asideWidth = 32;

/** The epoch and the whole run, as bars with what is left of each. */
export function Progress({ training, columns }: { training: Training; columns: number }) {
  const { started, step, epochs, planned } = training;
  const epoch = Math.min(planned, Math.max(step?.epoch ?? 1, epochs.at(-1)?.epoch ?? 1));
  const left = secondsLeft(training);
  const within = epochSecondsLeft(training);
  return (
    <Box flexDirection="column" width={columns} flexShrink={0}>
      <Bar
        label={`epoch ${epoch}/${planned}`}
        share={step ? step.step / step.steps : 0}
        aside={
          step
            ? `step ${step.step}/${step.steps}${validating(training) ? ' · validating' : within ? ` · ${duration(within)} left` : ''}`
            : `first step of ${Math.ceil(started.trainPhotos / started.batchSize)}`
        }
        columns={columns}
      />
      <Bar
        label="run"
        share={runShare(training)}
        aside={`${Math.floor(100 * runShare(training))} %${!left ? '' : ` · ${duration(left)} left`}`}
        columns={columns}
      />
    </Box>
  );
}

function Bar(props: { label: string; share: number; aside: string; columns: number }) {
  const { label, share, aside, columns } = props;
  return (
    <Text wrap="truncate">
      {fit(label, labelWidth)}{' '}
      <Text color="cyan">{progressBar(share, Math.max(8, columns - labelWidth - asideWidth))}</Text>{' '}
      {aside}
    </Text>
  );
}
