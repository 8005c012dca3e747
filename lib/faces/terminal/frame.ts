/** What makes one frame of the other; nothing where they are equal. */
export function changedRows(before: string[], after: string[]): string {
  return Array.from({ length: Math.max(before.length, after.length) }, (_, row) =>
    before[row] === after[row] ? '' : rowOf(row, after[row] ?? ''),
  ).join('');
}

/** Erased first: behind a row as wide as the terminal, erasing would take its last character. */
function rowOf(row: number, text: string): string {
  return `\u001b[${row + 1};1H\u001b[2K${text}`;
}
