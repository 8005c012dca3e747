import { Box, Text } from 'ink';
import { sum } from '../../../metrics/arithmetic.js';
import type { ClassCount } from '../../../pipeline/proposal.js';
import { count, plural } from '../../format.js';
import { fit, widestOf } from '../text.js';

/** Told apart by their shades as well, where there are no colours. */
const parts = [
  { split: 'train', shade: '█', colour: 'cyan' },
  { split: 'val', shade: '▓', colour: 'magenta' },
  { split: 'test', shade: '░', colour: 'yellow' },
] as const;
const figureWidth = 7;

/** How many photos of each class train, validate and test; where not all fit, those with the fewest. */
export function ClassBars(props: { classes: ClassCount[]; columns: number; rows: number }) {
  const { classes, columns, rows } = props;
  const totals = parts.map(({ split }) => sum(classes.map((each) => each[split])));
  const hidden = classes.length > rows - 1 ? classes.length - (rows - 2) : 0;
  const shown = hidden > 0 ? classes.slice(0, Math.max(0, rows - 2)) : classes;
  const widest = widestOf(classes.map(({ label }) => label));
  const labelWidth = Math.min(widest, Math.floor(columns / 4));
  const barWidth = Math.max(4, columns - labelWidth - 1 - parts.length * figureWidth);
  const largest = Math.max(1, ...classes.map(totalOf));
  return (
    <Box flexDirection="column" height={rows} flexShrink={0} overflowY="hidden">
      <Text wrap="truncate">
        <Text bold>{plural(sum(totals), 'photo')}</Text> of{' '}
        {plural(classes.length, 'class', 'classes')}
        {parts.map(({ split, shade, colour }, index) => (
          <Text key={split}>
            {'  '}
            <Text color={colour}>{shade}</Text> {split} {count(totals[index] ?? 0)}
          </Text>
        ))}
      </Text>
      {shown.map((each) => (
        <Text key={each.label} wrap="truncate">
          {fit(each.label, labelWidth)} <Bar of={each} largest={largest} width={barWidth} />
          {parts.map(({ split, colour }) => (
            <Text key={split} color={each[split] === 0 ? 'red' : colour}>
              {count(each[split]).padStart(figureWidth)}
            </Text>
          ))}
        </Text>
      ))}
      {hidden > 0 && (
        <Text dimColor wrap="truncate">
          and {plural(hidden, 'class', 'classes')} with more photos
        </Text>
      )}
    </Box>
  );
}

function Bar({ of, largest, width }: { of: ClassCount; largest: number; width: number }) {
  const end = (photos: number) => Math.round((photos / largest) * width);
  let photos = 0;
  return (
    <>
      {parts.map(({ split, shade, colour }) => {
        const from = end(photos);
        photos += of[split];
        return (
          <Text key={split} color={colour}>
            {shade.repeat(end(photos) - from)}
          </Text>
        );
      })}
      {' '.repeat(width - end(photos))}
    </>
  );
}

const totalOf = ({ train, val, test }: ClassCount) => train + val + test;
