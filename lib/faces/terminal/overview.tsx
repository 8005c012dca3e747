import { Box, Text } from 'ink';
import type { Point } from '../curves.js';
import { loss, percent } from '../format.js';
import { Chart } from './chart.js';
import type { PageProps } from './page.js';
import { bestEpoch, type Training } from './state.js';

const gap = 2;

/** Loss and accuracy over the epochs, side by side. */
export function Overview({ training, columns, rows }: PageProps) {
  const { epochs, losses, accuracies, planned } = training;
  if (rows < 4) return <Newest training={training} />;
  const width = Math.floor((columns - gap) / 2);
  const size = { columns: width, rows, epochs: planned, best: bestEpoch(training)?.epoch ?? null };
  const valLosses = epochs.map(({ epoch, valLoss }) => ({ x: epoch, y: valLoss }));
  const valAccuracies = epochs.map(({ epoch, valAccuracy }) => ({ x: epoch, y: valAccuracy }));
  return (
    <Box columnGap={gap}>
      <Chart
        {...size}
        title="loss (log)"
        show={(value) => short(10 ** value)}
        series={both(logarithms(losses), logarithms(valLosses))}
      />
      <Chart {...size} title="accuracy" show={percent} series={both(accuracies, valAccuracies)} />
    </Box>
  );
}

const both = (train: Point[], val: Point[]) => [
  { name: 'train', colour: 'cyan', points: train },
  { name: 'val', colour: 'magenta', points: val },
];

/** In as many characters as an axis has: `1.23`, `0.0456`, `7.9e-5`. */
const short = (value: number) => (value < 1e-3 ? value.toExponential(1) : value.toPrecision(3));

/** One bad epoch would press all others to the ground. */
const logarithms = (points: Point[]) =>
  points.map(({ x, y }) => ({ x, y: Math.log10(Math.max(1e-6, y)) }));

/** Where there is no room for charts. */
function Newest({ training: { epochs, step } }: { training: Training }) {
  const last = epochs.at(-1);
  return (
    <Text wrap="truncate">
      {step && `loss ${loss(step.loss)}`}
      {last && ` · validation ${percent(last.valAccuracy)}`}
    </Text>
  );
}
