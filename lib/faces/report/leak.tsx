import type { ReactNode } from 'react';
import { count, percent, plural } from '../format.js';
import { Table } from './parts.js';
import type { RunRecord } from './record.js';
import { judged } from './summary.js';

/** What the model would be believed to tell, beside what it tells of photos that it has not trained on. */
export function leak({ evaluated }: RunRecord): ReactNode | null {
  if (!evaluated?.unseen) return null;
  const { unseen, leaks } = evaluated;
  const without = judged(unseen);
  const rows = [
    ['Photos', count(evaluated.photos), count(unseen.photos)],
    ...Object.entries(judged(evaluated)).map(([name, figure]) => [name, figure, without[name]]),
  ];
  return (
    <>
      <p>
        Training has seen {count(leaks)} of these {plural(evaluated.photos, 'photo')}. On all of
        them the model tells {percent(evaluated.accuracy)} right, on the {count(unseen.photos)} that
        are new to it {percent(unseen.accuracy)}: only those say what it does with photos to come.
      </p>
      <Table
        caption="The same model, judged on all photos and on those that training has not seen; 95 % intervals in brackets"
        head={['Figure', 'With the leak', 'Without']}
        rows={rows}
        numbers
      />
    </>
  );
}
