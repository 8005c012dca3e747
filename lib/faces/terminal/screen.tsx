import { Box, Static, Text } from 'ink';
import { duration, loss, percent } from '../format.js';
import { progressBar, sparkline } from './sparkline.js';
import { type ScreenState, secondsLeft, type Tone, type Training } from './state.js';

/** Epochs in the table; earlier ones scroll out of it. */
const tableRows = 6;
const labelWidth = 10;

const colours: Record<Tone, string | undefined> = {
  plain: undefined,
  good: 'green',
  warning: 'yellow',
  error: 'red',
};

/** The whole screen: what is over above, one live region below. */
export function Screen({ state, columns }: { state: ScreenState; columns: number }) {
  const { finished, running, training, stopping } = state;
  return (
    <>
      <Static items={finished}>
        {({ key, text, tone }) => (
          <Text key={key} {...colourOf(tone)}>
            {text}
          </Text>
        )}
      </Static>
      {(running || training) && (
        <Box flexDirection="column" marginTop={1}>
          {training ? (
            <TrainingView training={training} columns={columns} />
          ) : (
            running && <StageView running={running} columns={columns} />
          )}
          <Text dimColor>
            {stopping
              ? 'stopping at the next safe place; again: at once'
              : 'q or Ctrl-C stops and keeps what is done'}
          </Text>
        </Box>
      )}
    </>
  );
}

function colourOf(tone: Tone): { color?: string } {
  const color = colours[tone];
  return color ? { color } : {};
}

function StageView({
  running,
  columns,
}: {
  running: NonNullable<ScreenState['running']>;
  columns: number;
}) {
  const { stage, detail, done, total } = running;
  return (
    <Box flexDirection="column">
      <Text bold wrap="truncate">
        {stage} <Text dimColor>{detail}</Text>
      </Text>
      {total > 0 && (
        <Text>
          {progressBar(done / total, barWidth(columns))} {done} of {total}
        </Text>
      )}
    </Box>
  );
}

function TrainingView({ training, columns }: { training: Training; columns: number }) {
  const { started, epochs, step, losses, imagesPerSecond } = training;
  const left = secondsLeft(training);
  const share = step ? step.step / step.steps : 0;
  const width = Math.max(8, columns - labelWidth - 12);
  return (
    <Box flexDirection="column">
      <Text bold wrap="truncate">
        train{' '}
        <Text dimColor>
          {started.model} · {started.recipe} · {started.weights} · run {started.run}
        </Text>
      </Text>
      <Text wrap="truncate">
        <Text color="cyan">{progressBar(share, barWidth(columns))}</Text> epoch {step?.epoch ?? 1}/
        {started.epochs}
        {step && ` · step ${step.step}/${step.steps}`}
      </Text>
      <Text wrap="truncate">
        {imagesPerSecond > 0 && `${imagesPerSecond.toFixed(1)} images/s`}
        {left !== null && ` · ${duration(left)} left`}
        {step && ` · learning rate ${step.learningRate.toPrecision(2)}`}
      </Text>
      <Curve label="loss" values={losses} width={width} show={loss} />
      <Curve
        label="accuracy"
        values={epochs.map((epoch) => epoch.valAccuracy)}
        width={width}
        show={percent}
      />
      <EpochTable training={training} />
    </Box>
  );
}

function Curve(props: {
  label: string;
  values: number[];
  width: number;
  show: (value: number) => string;
}) {
  const { label, values, width, show } = props;
  const last = values.at(-1);
  if (last === undefined) return null;
  return (
    <Text wrap="truncate">
      <Text dimColor>{label.padEnd(labelWidth)}</Text>
      <Text color="cyan">{sparkline(values, width)}</Text> {show(last)}
    </Text>
  );
}

function EpochTable({ training: { epochs } }: { training: Training }) {
  if (epochs.length === 0) return null;
  return (
    <Box flexDirection="column" marginTop={1}>
      <Text dimColor>epoch train loss val loss val accuracy time</Text>
      {epochs.slice(-tableRows).map((epoch) => (
        <Text key={epoch.epoch} wrap="truncate" {...(epoch.best ? { color: 'green' } : {})}>
          {String(epoch.epoch).padStart(5)} {loss(epoch.trainLoss).padStart(10)}{' '}
          {loss(epoch.valLoss).padStart(8)} {percent(epoch.valAccuracy).padStart(12)}{' '}
          {duration(epoch.seconds)}
          {epoch.best ? ' ★' : ''}
        </Text>
      ))}
    </Box>
  );
}

function barWidth(columns: number): number {
  return Math.max(10, Math.min(40, columns - 40));
}
