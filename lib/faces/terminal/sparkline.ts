const bars = '▁▂▃▄▅▆▇█';

/** Values as a row of block characters, means where there are more values than columns. */
export function sparkline(values: number[], width: number): string {
  if (values.length === 0 || width < 1) return '';
  const columns = Math.min(width, values.length);
  const means = Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns));
    const part = values.slice(from, to);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const low = Math.min(...means);
  const range = Math.max(...means) - low;
  return means
    .map((mean) => bars[range === 0 ? 0 : Math.round(((mean - low) / range) * (bars.length - 1))])
    .join('');
}

/** A bar of `width` columns, filled to `share` (0…1). */
export function progressBar(share: number, width: number): string {
  const filled = Math.round(Math.max(0, Math.min(1, share)) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}
