import type { ReactNode } from 'react';
import { count } from '../format.js';
import { decimals, defined, Name, Share, Table } from './parts.js';
import type { RunRecord } from './record.js';

export function classFigures({ evaluated }: RunRecord): ReactNode | null {
  if (!evaluated || evaluated.classes.length === 0) return null;
  const rows = evaluated.classes.map((figures, index) => [
    <Name key="label">{figures.label}</Name>,
    String(index + 1),
    count(figures.support),
    <Share key="recall" value={figures.recall} interval={figures.recallInterval} />,
    <Share key="precision" value={figures.precision} interval={figures.precisionInterval} />,
    defined(figures.f1, decimals),
    defined(figures.auc, decimals),
  ]);
  return (
    <Table
      caption="Recall: of the photos of a class, those told right. Precision: of the photos told to be of it, those that are. 95 % intervals in brackets; a dash where there is nothing to divide by."
      head={['Class', 'No.', 'Photos', 'Recall', 'Precision', 'F1', 'ROC AUC']}
      rows={rows}
      numbers
    />
  );
}
