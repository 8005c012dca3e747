import type { GillnetEvent } from '../pipeline/events.js';

/** A table as RFC 4180 has it: CRLF after each row, and quotes around what holds commas, quotes or line ends. */
export function csv(rows: (string | number)[][]): string {
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

function field(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The confusion matrix with its labels: a row a true label, a column a predicted one. */
export function confusionCsv({ classes, confusion }: GillnetEvent<'evaluated'>): string {
  const labels = classes.map(({ label }) => label);
  return csv([
    ['true label', ...labels],
    ...labels.map((label, index) => [label, ...(confusion[index] ?? [])]),
  ]);
}
