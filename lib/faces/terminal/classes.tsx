import { Text } from 'ink';
import { percent, plural } from '../format.js';
import { type Furthest, type PageProps, Rows } from './page.js';
import { fit, progressBar, widestOf } from './text.js';

const figuresWidth = 22;

/** How well each class is told in validation, the worst first. */
export function Classes({ training, columns, rows, scroll }: PageProps) {
  const last = training.epochs.at(-1);
  if (!last?.classes?.length) {
    return (
      <Text dimColor>Each class’s validation accuracy stands here after the first epoch.</Text>
    );
  }
  const classes = last.classes.toSorted((a, b) => a.accuracy - b.accuracy);
  const widest = widestOf(classes.map(({ label }) => label));
  const labelWidth = Math.min(widest, Math.floor(columns / 3));
  const barWidth = Math.max(4, columns - labelWidth - figuresWidth - 1);
  return (
    <Rows title={`validation accuracy after epoch ${last.epoch}`} rows={rows} scroll={scroll}>
      {classes.map(({ label, accuracy, photos }) => (
        <Text key={label} wrap="truncate">
          {fit(label, labelWidth)}{' '}
          <Text color={colourOf(accuracy)}>{progressBar(accuracy, barWidth)}</Text>
          {percent(accuracy).padStart(8)} <Text dimColor>{plural(photos, 'photo')}</Text>
        </Text>
      ))}
    </Rows>
  );
}

/** The title has a row. */
export const furthestClass: Furthest = ({ training }, { page }) =>
  (training?.epochs.at(-1)?.classes?.length ?? 0) - (page - 1);

function colourOf(accuracy: number): string {
  return accuracy >= 0.9 ? 'green' : accuracy >= 0.6 ? 'yellow' : 'red';
}
