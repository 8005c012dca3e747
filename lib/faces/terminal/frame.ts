/** Rows, from 0, in which one frame differs from the other. */
export function changedRows(before: (string | undefined)[], after: string[]): number[] {
  return Array.from({ length: Math.max(before.length, after.length) }, (_, row) => row).filter(
    (row) => before[row] !== after[row],
  );
}

/** What writes these rows. Erased first: behind a row as wide as the terminal, erasing would take its last character. */
export function writing(rows: number[], frame: string[]): string {
  return rows.map((row) => `\u001b[${row + 1};1H\u001b[2K${frame[row] ?? ''}`).join('');
}
