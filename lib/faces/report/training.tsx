import type { ReactNode } from 'react';
import type { GillnetEvent } from '../../pipeline/events.js';
import { duration, loss, percent, plural } from '../format.js';
import { bestEpochOf } from '../run-facts.js';
import { curves } from './charts.js';
import { Chart, defined, Legend, Table } from './parts.js';
import type { RunRecord } from './record.js';

type Epoch = GillnetEvent<'epoch'>;

export function training(record: RunRecord): ReactNode | null {
  const { epochs } = record;
  const [first, last] = [epochs[0], epochs.at(-1)];
  if (!first || !last) return null;
  const best = bestEpochOf(record);
  const points = (value: (epoch: Epoch) => number | undefined) =>
    epochs.map((each) => ({ epoch: each.epoch, value: value(each) ?? null }));
  const mark = (value: (epoch: Epoch) => number) =>
    best && { epoch: best.epoch, value: value(best) };
  const legend = (
    <Legend
      lines={[
        ['train', 'training'],
        [undefined, 'validation'],
        ...(best ? [['best', `best epoch, ${best.epoch}`] as ['best', string]] : []),
      ]}
    />
  );
  const table = (
    <Table
      caption="Each epoch; the best one so far is marked"
      head={[
        'Epoch',
        'Training loss',
        'Validation loss',
        'Training accuracy',
        'Validation accuracy',
        'Time',
      ]}
      rows={epochs.map((each) => [
        `${each.epoch}${each.best ? ' ★' : ''}`,
        loss(each.trainLoss),
        loss(each.valLoss),
        defined(each.trainAccuracy, percent),
        percent(each.valAccuracy),
        duration(each.seconds),
      ])}
      numbers
    />
  );
  const over = `over ${plural(last.epoch, 'epoch')}; the best is ${best?.epoch ?? 'not known'}`;
  return (
    <>
      <div className="charts">
        <Chart
          title="Loss"
          about={`Training loss goes from ${loss(first.trainLoss)} to ${loss(last.trainLoss)}, validation loss from ${loss(first.valLoss)} to ${loss(last.valLoss)} ${over}.`}
          svg={curves(
            points(({ trainLoss }) => trainLoss),
            points(({ valLoss }) => valLoss),
            mark(({ valLoss }) => valLoss),
            { unit: 'cross-entropy' },
          )}
          legend={legend}
        >
          {table}
        </Chart>
        <Chart
          title="Accuracy"
          about={`Training accuracy goes from ${defined(first.trainAccuracy, percent)} to ${defined(last.trainAccuracy, percent)}, validation accuracy from ${percent(first.valAccuracy)} to ${percent(last.valAccuracy)} ${over}.`}
          svg={curves(
            points(({ trainAccuracy }) => trainAccuracy),
            points(({ valAccuracy }) => valAccuracy),
            mark(({ valAccuracy }) => valAccuracy),
            { unit: 'right', percent: true },
          )}
          legend={legend}
        />
      </div>
      <p className="note">
        The weights of the epoch with the highest validation accuracy are kept. Training is measured
        on augmented photos, each before its step, and so may look worse than validation.
      </p>
    </>
  );
}
