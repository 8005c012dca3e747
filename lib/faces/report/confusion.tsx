import type { CSSProperties, ReactNode } from 'react';
import { sum } from '../../metrics/arithmetic.js';
import { confusedPairs } from '../../metrics/confusion.js';
import type { GillnetEvent } from '../../pipeline/events.js';
import { count, percent } from '../format.js';
import { heatMap } from './charts.js';
import { Chart, Name, Scrolling, Table } from './parts.js';
import type { RunRecord } from './record.js';

/** A table of more classes fits no page. */
const mostColumns = 20;
const mostPairs = 10;

export function confusion({ evaluated }: RunRecord): ReactNode | null {
  if (!evaluated || evaluated.confusion.length === 0) return null;
  const labels = evaluated.classes.map(({ label }) => label);
  const pairs = confusedPairs(evaluated);
  return (
    <div className="beside">
      {labels.length <= mostColumns ? <Matrix {...evaluated} /> : <HeatMap {...evaluated} />}
      {pairs.length > 0 && (
        <Table
          caption={`The labels that are confused most${pairs.length > mostPairs ? `: ${mostPairs} of ${count(pairs.length)} pairs` : ''}`}
          head={['Label', 'taken for', 'Photos', 'Of its photos']}
          rows={pairs
            .slice(0, mostPairs)
            .map(({ label, predicted, count: photos, share }) => [
              <Name key="label">{label}</Name>,
              <Name key="predicted">{predicted}</Name>,
              count(photos),
              percent(share),
            ])}
        />
      )}
    </div>
  );
}

function Matrix({ classes, confusion }: GillnetEvent<'evaluated'>) {
  return (
    <Scrolling>
      <table className="matrix">
        <caption>
          <span>
            Photos by their true label (rows) and what was predicted (columns). The stronger the
            colour, the more of a row: blue is right, orange is wrong.
          </span>
        </caption>
        <thead>
          <tr>
            <th scope="col">True label</th>
            {classes.map(({ label }) => (
              <th key={label} scope="col">
                <Name>{label}</Name>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {confusion.map((row, truth) => (
            <tr key={classes[truth]?.label}>
              <th scope="row">
                <Name>{classes[truth]?.label ?? ''}</Name>
              </th>
              {row.map((photos, predicted) => (
                <td
                  key={classes[predicted]?.label}
                  className={photos === 0 ? 'zero' : truth === predicted ? 'right' : 'wrong'}
                  style={
                    { '--share': (photos / Math.max(1, sum(row))).toFixed(3) } as CSSProperties
                  }
                >
                  {count(photos)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}

function HeatMap({ classes, confusion }: GillnetEvent<'evaluated'>) {
  const right = sum(confusion.map((row, index) => row[index] ?? 0));
  const title = `Confusion matrix of ${classes.length} classes`;
  return (
    <div>
      <Chart
        title={title}
        about={`${title}: ${count(right)} photos on the diagonal, which are right, ${count(sum(confusion.flat()) - right)} beside it. The table below has the labels that are confused most.`}
        svg={heatMap(confusion)}
      />
      <p className="note">
        Classes by their number in the table by class; the stronger the colour, the more of a row:
        blue is right, orange is wrong. confusion.csv, beside this page, has every count.
      </p>
    </div>
  );
}
