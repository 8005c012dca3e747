import type { ReactNode } from 'react';
import { duration, loss, percent, plural } from '../format.js';
import { bestEpochOf } from '../run-facts.js';
import { courses, curves } from './charts.js';
import { Chart, defined, Legend, Table } from './parts.js';
import type { RunRecord } from './record.js';

export function training(record: RunRecord): ReactNode | null {
  const { epochs } = record;
  const [first, last] = [epochs[0], epochs.at(-1)];
  if (!first || !last) return null;
  const best = bestEpochOf(record);
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
        {courses.map(({ title, trained, validated, text, axis }) => (
          <Chart
            key={title}
            title={title}
            about={`Training ${title.toLowerCase()} goes from ${defined(first[trained], text)} to ${defined(last[trained], text)}, validation ${title.toLowerCase()} from ${text(first[validated])} to ${text(last[validated])} ${over}.`}
            svg={curves({ epochs, figure: trained }, { epochs, figure: validated }, axis, best)}
            legend={legend}
          >
            {title === 'Loss' && table}
          </Chart>
        ))}
      </div>
      <p className="note">
        The weights of the epoch with the highest validation accuracy are kept. Training is measured
        on augmented photos, each before its step, and so may look worse than validation.
      </p>
    </>
  );
}
