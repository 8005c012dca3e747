import type { ReactNode } from 'react';
import type { GillnetEvent } from '../../pipeline/events.js';
import { version } from '../../version.js';
import { loss, moment, percent } from '../format.js';
import { bestEpochOf, outcomeOf } from '../run-facts.js';
import { type Difference, differencesOf, remarksOn, type TwoRuns } from '../two-runs.js';
import { curves } from './charts.js';
import { Chart, Name, Table } from './parts.js';
import type { RunRecord } from './record.js';
import { renderPage } from './shell.js';

/** Two runs, as one HTML page that needs nothing else: what differs, and both courses in one chart. */
export function renderComparison(runs: TwoRuns, now = new Date()): string {
  const { settings, figures } = differencesOf(runs);
  const [a, b] = runs;
  return renderPage(
    `Runs ${a.run} and ${b.run} · gillnet`,
    <>
      <header>
        <h1>
          gillnet · runs <Name>{a.run}</Name> and <Name>{b.run}</Name>
        </h1>
        <p className="lead">{lead(runs)}</p>
        {remarksOn(runs).map((remark) => (
          <p key={remark} className="notice">
            <Name>{remark}</Name>
          </p>
        ))}
      </header>
      <main>
        <Section id="figures" title="Figures">
          <Differences runs={runs} lines={figures} caption="What came of each" />
        </Section>
        <Section id="course" title="Course">
          <Course runs={runs} />
        </Section>
        <Section id="settings" title="Settings that differ">
          {settings.length === 0 ? (
            <p>Both were begun with the same settings.</p>
          ) : (
            <Differences runs={runs} lines={settings} caption="What was chosen, or given" />
          )}
        </Section>
      </main>
      <footer>
        <p>
          Written by gillnet {version} on {moment(now.toISOString())}, from the events of the runs
          alone.
        </p>
      </footer>
    </>,
  );
}

function lead([a, b]: TwoRuns): string {
  const [one, other] = [bestEpochOf(a), bestEpochOf(b)];
  if (!one || !other) return `The first is ${outcomeOf(a)}, the second is ${outcomeOf(b)}.`;
  return `At their best the first told ${percent(one.valAccuracy)} of its validation photos right, the second ${percent(other.valAccuracy)}.`;
}

function Section({ id, title, children }: { id: string; title: string; children: ReactNode }) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

interface DifferencesProps {
  runs: TwoRuns;
  lines: Difference[];
  caption: string;
}

function Differences({ runs, lines, caption }: DifferencesProps) {
  return (
    <Table
      caption={caption}
      head={['', ...runs.map(({ run }) => <Name key={run}>{run}</Name>), 'Difference']}
      rows={lines.map(({ name, texts, difference }) => [
        name,
        ...texts.map((text, at) => <Name key={['first', 'second'][at]}>{text}</Name>),
        difference,
      ])}
      numbers
    />
  );
}

type Epoch = GillnetEvent<'epoch'>;

/** Of validation, which both are judged by. */
function Course({ runs }: { runs: TwoRuns }) {
  const [a, b] = runs;
  if (a.epochs.length === 0 || b.epochs.length === 0)
    return <p>One of them has no epoch to show.</p>;
  const points = ({ epochs }: RunRecord, value: (epoch: Epoch) => number) =>
    epochs.map((each) => ({ epoch: each.epoch, value: value(each) }));
  const legend = (
    <span className="legend">
      <span>
        <i />
        <Name>{a.run}</Name>
      </span>
      <span>
        <i className="train" />
        <Name>{b.run}</Name>
      </span>
    </span>
  );
  const chart = (
    title: string,
    value: (epoch: Epoch) => number,
    text: (value: number) => string,
    axis: { unit: string; percent?: boolean },
  ) => {
    const [lastA, lastB] = [a.epochs.at(-1), b.epochs.at(-1)] as [Epoch, Epoch];
    return (
      <Chart
        title={title}
        about={`${title} ends at ${text(value(lastA))} in the first run, after ${lastA.epoch} epochs, and at ${text(value(lastB))} in the second, after ${lastB.epoch}.`}
        svg={curves(points(b, value), points(a, value), undefined, axis)}
        legend={legend}
      />
    );
  };
  return (
    <div className="charts">
      {chart('Validation loss', ({ valLoss }) => valLoss, loss, { unit: 'cross-entropy' })}
      {chart('Validation accuracy', ({ valAccuracy }) => valAccuracy, percent, {
        ...{ unit: 'right', percent: true },
      })}
    </div>
  );
}
