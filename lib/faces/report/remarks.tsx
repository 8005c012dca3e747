import type { ReactNode } from 'react';
import { describe } from '../event-lines.js';
import { count } from '../format.js';
import { Name, Table } from './parts.js';
import type { RunRecord } from './record.js';

/** Of photos that were left out: the run's log has all. */
const mostSkipped = 100;

export function remarks({ warnings, skipped, asked }: RunRecord): ReactNode | null {
  if (warnings.length + skipped.size + asked.length === 0) return null;
  const photos = [...skipped].slice(0, mostSkipped);
  return (
    <>
      {warnings.length > 0 && <h3>Warnings</h3>}
      <List lines={warnings} />
      {asked.length > 0 && <h3>What a person asked for</h3>}
      <List lines={asked.map((each) => describe(each) ?? '')} />
      {skipped.size > 0 && (
        <Table
          caption={`Photos that could not be read${skipped.size > mostSkipped ? `: ${mostSkipped} of ${count(skipped.size)}; events.jsonl has them all` : ''}`}
          head={['Photo', 'Why']}
          rows={photos.map(([photo, reason]) => [
            <Name key="photo">{photo}</Name>,
            <Name key="reason">{reason}</Name>,
          ])}
        />
      )}
    </>
  );
}

function List({ lines }: { lines: string[] }) {
  if (lines.length === 0) return null;
  return (
    <ul className="plain">
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: nothing is ever rendered twice
        <li key={index}>
          <Name>{line}</Name>
        </li>
      ))}
    </ul>
  );
}
