import { Text } from 'ink';
import { percent } from '../format.js';
import type { Size } from './layout.js';
import { type Furthest, type PageProps, Rows } from './page.js';
import type { Area } from './pictures/area.js';
import type { WantedPicture } from './pictures/layer.js';
import type { Training } from './state.js';
import { cutStart, fill, fit, widestOf } from './text.js';

const marker = '▸ ';
const gap = 2;
/** Below this, a picture would take the room that names need. */
const least: Size = { columns: 60, rows: 8 };
const pictureShare = 0.35;

/** The validation photos that the model is surest to be something else, beside room for a picture of the marked one. */
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
  const widest = widestOf(last.wrongest.flatMap(({ label, predicted }) => [label, predicted]));
  const width = columns - pictureColumns(training, { columns, rows });
  const labelWidth = Math.min(widest, Math.floor((width - 12) / 4));
  const nameWidth = width - 2 * labelWidth - 14 - marker.length;
  const selected = selectedOf(training, scroll);
  return (
    <Rows
      title={`most wrong after epoch ${last.epoch}`}
      rows={rows}
      scroll={selected - Math.floor((rows - 1) / 2)}
    >
      {last.wrongest.map(({ photo, label, predicted, confidence }, index) => (
        <Text key={photo} wrap="truncate">
          {fill(index === selected ? marker : '', marker.length)}
          {fill(cutStart(photo, nameWidth), nameWidth)}{' '}
          <Text color="green">{fit(label, labelWidth)}</Text> →{' '}
          <Text color="red">{fit(predicted, labelWidth)}</Text>
          {percent(confidence).padStart(8)}
        </Text>
      ))}
    </Rows>
  );
}

export const furthestPhoto: Furthest = ({ training }) =>
  (training?.epochs.at(-1)?.wrongest?.length ?? 0) - 1;

/** The picture of the marked photo and where it goes. @param page where on the screen the page lies */
export function pictureOf(
  training: Training,
  { columns, rows, row }: Size & { row: number },
  scroll: number,
): WantedPicture | null {
  const photo = training.epochs.at(-1)?.wrongest?.[selectedOf(training, scroll)]?.photo;
  const image = photo === undefined ? undefined : training.pictures.get(photo);
  const taken = pictureColumns(training, { columns, rows });
  if (image === undefined || taken === 0) return null;
  // The title has its row.
  const area: Area = {
    row: row + 1,
    rows: rows - 1,
    column: columns - taken + gap,
    columns: taken - gap,
  };
  return { image, area };
}

/** Room for a picture and its distance from the list, where there are pictures. */
function pictureColumns({ pictures }: Training, { columns, rows }: Size): number {
  if (pictures.size === 0 || columns < least.columns || rows < least.rows) return 0;
  return gap + Math.floor(pictureShare * columns);
}

function selectedOf({ epochs }: Training, scroll: number): number {
  return Math.max(0, Math.min(scroll, (epochs.at(-1)?.wrongest?.length ?? 1) - 1));
}
