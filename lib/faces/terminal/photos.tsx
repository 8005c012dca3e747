import { Text } from 'ink';
import { percent } from '../format.js';
import { type PageProps, Rows } from './page.js';
import { cutStart, fill, fit, widthOf } from './text.js';

/** The validation photos that the model is surest to be something else. */
export function Photos({ training, columns, rows, scroll }: PageProps) {
  const last = training.epochs.at(-1);
  if (!last?.wrongest) {
    return (
      <Text dimColor>The photos that it gets most wrong stand here after the first epoch.</Text>
    );
  }
  if (last.wrongest.length === 0) {
    return <Text color="green">Epoch {last.epoch} told every validation photo right.</Text>;
  }
  const widest = last.wrongest.flatMap(({ label, predicted }) => [
    widthOf(label),
    widthOf(predicted),
  ]);
  const labelWidth = Math.min(Math.max(...widest), Math.floor((columns - 12) / 4));
  const nameWidth = columns - 2 * labelWidth - 14;
  return (
    <Rows title={`most wrong after epoch ${last.epoch}`} rows={rows} scroll={scroll}>
      {last.wrongest.map(({ photo, label, predicted, confidence }) => (
        <Text key={photo} wrap="truncate">
          {fill(cutStart(photo, nameWidth), nameWidth)}{' '}
          <Text color="green">{fit(label, labelWidth)}</Text> →{' '}
          <Text color="red">{fit(predicted, labelWidth)}</Text>
          {percent(confidence).padStart(8)}
        </Text>
      ))}
    </Rows>
  );
}
