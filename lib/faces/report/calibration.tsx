import type { ReactNode } from 'react';
import { count, percent } from '../format.js';
import { confidences, reliability } from './charts.js';
import { Chart, decimals, defined, Table } from './parts.js';
import type { RunRecord } from './record.js';

/** Whether the model is right as often as it is sure. */
export function calibration({ evaluated }: RunRecord): ReactNode | null {
  if (!evaluated || evaluated.reliability.length === 0) return null;
  const { reliability: bins, ece, eceUncalibrated, temperature, photos } = evaluated;
  const edge = (index: number) => Math.round((100 * index) / bins.length);
  const rows = bins
    .map((bin, index) => [
      `${edge(index)}–${edge(index + 1)} %`,
      count(bin.count),
      defined(bin.confidence, percent),
      defined(bin.accuracy, percent),
    ])
    .filter((_, index) => bins[index]?.count);
  const table = (
    <Table
      caption="Photos by the model’s highest confidence"
      head={['Confidence', 'Photos', 'Mean confidence', 'Right']}
      rows={rows}
      numbers
    />
  );
  return (
    <>
      <p>
        A confidence is {percent(ece)} away from how often it is right, on average over the photos.{' '}
        {temperature === 1
          ? 'The model is not calibrated.'
          : `It is calibrated by a temperature of ${decimals(temperature)}, fitted on validation; without, it would be ${percent(eceUncalibrated)}.`}
      </p>
      <div className="charts">
        <Chart
          title="How often photos are right, by confidence"
          about={`Reliability diagram of ${count(photos)} photos in ${rows.length} bins; the expected calibration error is ${percent(ece)}.`}
          svg={reliability(bins)}
        >
          {table}
        </Chart>
        <Chart
          title="How many photos, by confidence"
          about={`Histogram of the confidences of ${count(photos)} photos; the numbers of the chart before have the counts.`}
          svg={confidences(bins)}
        />
      </div>
      <p className="note">
        Bars that reach the dashed line are as right as they are sure; lower ones are too sure. Bins
        with few photos say little: the other chart tells how many they have.
      </p>
    </>
  );
}
