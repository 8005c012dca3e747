import type { ReactNode } from 'react';
import { calibration } from './calibration.js';
import { confusion } from './confusion.js';
import { groups } from './groups.js';
import { Head, Name, Section, Written } from './parts.js';
import { doubts, mistakes } from './photos.js';
import { provenance, timings } from './provenance.js';
import type { RunRecord } from './record.js';
import { remarks } from './remarks.js';
import { renderPage } from './shell.js';
import { classFigures, figures, lead, leak, notices } from './summary.js';
import { training } from './training.js';

/** In the order in which a person asks: how good, in what wrong, of what made. A body is null where there is nothing of it. */
const sections: [id: string, title: string, body: (record: RunRecord) => ReactNode][] = [
  ['figures', 'Figures', figures],
  ['leak', 'With and without the leak', leak],
  ['mistakes', 'Most confident mistakes', mistakes],
  ['confusion', 'What is taken for what', confusion],
  ['classes', 'By class', classFigures],
  ['calibration', 'Calibration', calibration],
  ['training', 'Training', training],
  ['groups', 'Photos that show the same', groups],
  ['doubts', 'Doubted labels', doubts],
  ['provenance', 'Configuration and provenance', provenance],
  ['timings', 'Time by stage', timings],
  ['remarks', 'Warnings and left out photos', remarks],
];

/** What is known of a run, as one HTML page that needs nothing else. */
export function renderReport(record: RunRecord): string {
  const shown = sections
    .map(([id, title, body]) => ({ id, title, body: body(record) }))
    .filter(({ body }) => body !== null);
  const title = (
    <>
      run <Name>{record.run}</Name>
    </>
  );
  return renderPage(
    `Run ${record.run} · gillnet`,
    <>
      <Head title={title} lead={lead(record)} notices={notices(record)}>
        <nav aria-label="Contents">
          <ul>
            {shown.map(({ id, title }) => (
              <li key={id}>
                <a href={`#${id}`}>{title}</a>
              </li>
            ))}
          </ul>
        </nav>
      </Head>
      <main>
        {shown.map(({ id, title, body }) => (
          <Section key={id} id={id} title={title}>
            {body}
          </Section>
        ))}
      </main>
      <Written from="run">
        <code>gillnet report {record.run}</code> writes it again.
      </Written>
    </>,
  );
}
