import { percent, plural } from '../format.js';
import { bestEpochOf, outcomeOf } from '../run-facts.js';
import { type Difference, differencesOf, remarksOn, type TwoRuns } from '../two-runs.js';
import { courses, curves } from './charts.js';
import { Chart, Head, Legend, Name, Section, Table, Written } from './parts.js';
import { renderPage } from './shell.js';

/** Two runs, as one HTML page that needs nothing else: what differs, and both courses in one chart. */
export function renderComparison(runs: TwoRuns): string {
  const { settings, figures } = differencesOf(runs);
  const [a, b] = runs;
  const title = (
    <>
      runs <Name>{a.run}</Name> and <Name>{b.run}</Name>
    </>
  );
  return renderPage(
    `Runs ${a.run} and ${b.run} · gillnet`,
    <>
      <Head title={title} lead={lead(runs)} notices={remarksOn(runs)} />
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
      <Written from="runs" />
    </>,
  );
}

function lead([a, b]: TwoRuns): string {
  const [one, other] = [bestEpochOf(a), bestEpochOf(b)];
  if (!one || !other) return `The first is ${outcomeOf(a)}, the second is ${outcomeOf(b)}.`;
  return `At their best the first told ${percent(one.valAccuracy)} of its validation photos right, the second ${percent(other.valAccuracy)}.`;
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

/** Of validation, which both are judged by. */
function Course({ runs: [a, b] }: { runs: TwoRuns }) {
  const [lastA, lastB] = [a.epochs.at(-1), b.epochs.at(-1)];
  if (!lastA || !lastB) return <p>One of them has no epoch to show.</p>;
  const legend = (
    <Legend
      lines={[
        [undefined, a.run],
        ['train', b.run],
      ]}
    />
  );
  return (
    <div className="charts">
      {courses.map(({ title, validated: figure, text, axis }) => {
        const name = `Validation ${title.toLowerCase()}`;
        return (
          <Chart
            key={name}
            title={name}
            about={`${name} ends at ${text(lastA[figure])} in the first run, after ${plural(lastA.epoch, 'epoch')}, and at ${text(lastB[figure])} in the second, after ${lastB.epoch}.`}
            svg={curves({ epochs: b.epochs, figure }, { epochs: a.epochs, figure }, axis)}
            legend={legend}
          />
        );
      })}
    </div>
  );
}
