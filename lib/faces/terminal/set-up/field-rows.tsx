import { Box, Text } from 'ink';
import type { GillnetEvent } from '../../../pipeline/events.js';
import { cutEnd, cutStart, fill, fit, widthOf } from '../text.js';
import { fields, recipeFor } from './fields.js';
import type { SetUpView } from './press.js';

const labelWidth = 14;
const valueWidth = 16;

/** What can be chosen, the present row marked; where not all fit, those around it. */
export function FieldRows(props: {
  view: SetUpView;
  proposed: GillnetEvent<'proposed'>;
  columns: number;
  rows: number;
}) {
  const { view, proposed, columns, rows } = props;
  const recipe = recipeFor(view.choice);
  const from = Math.max(0, Math.min(view.field - rows + 1, fields.length - rows));
  const aboutWidth = Math.max(0, columns - labelWidth - valueWidth - 7);
  return (
    <Box flexDirection="column" height={Math.min(rows, fields.length)} flexShrink={0}>
      {fields.slice(from, from + rows).map((field, index) => {
        const present = from + index === view.field;
        const typed = present && view.typed !== '' ? `${view.typed}█` : null;
        const value = cutStart(typed ?? field.show(recipe, view.choice), valueWidth);
        return (
          <Text key={field.label} wrap="truncate">
            <Text color="cyan">{present ? '▸ ' : '  '}</Text>
            <Text bold={present}>{fit(field.label, labelWidth)}</Text>
            {present ? <Text color="cyan">‹ </Text> : '  '}
            <Text bold={present} inverse={present}>
              {value}
            </Text>
            <Text color="cyan">{fill(present ? ' ›' : '', valueWidth + 2 - widthOf(value))}</Text>{' '}
            <Text dimColor>{cutEnd(field.about(recipe, view.choice, proposed), aboutWidth)}</Text>
          </Text>
        );
      })}
    </Box>
  );
}
