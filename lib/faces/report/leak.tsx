import type { ReactNode } from 'react';
import type { Figures } from '../../pipeline/events.js';
import { count, percent, plural } from '../format.js';
import { Figure, Share, Table } from './parts.js';
import type { RunRecord } from './record.js';

/** What the model would be believed to tell, beside what it tells of photos that it has not trained on. */
export function leak({ evaluated }: RunRecord): ReactNode | null {
  if (!evaluated?.unseen) return null;
  const { unseen, leaks } = evaluated;
  const sides: Figures[] = [evaluated, unseen];
  const row = (name: string, cell: (figures: Figures, index: number) => ReactNode) => [
    name,
    ...sides.map(cell),
  ];
  const rows = [
    row('Photos', ({ photos }) => count(photos)),
    row('Top-1 accuracy', ({ accuracy, accuracyInterval }, key) => (
      <Share key={key} value={accuracy} interval={accuracyInterval} />
    )),
    row('Balanced accuracy', ({ balancedAccuracy }, key) => (
      <Share key={key} value={balancedAccuracy} interval={null} />
    )),
    row('Macro F1', ({ macroF1, macroF1Interval }, key) => (
      <Figure key={key} value={macroF1} interval={macroF1Interval} />
    )),
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
