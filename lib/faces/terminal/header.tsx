import { Box, Text } from 'ink';
import type { GillnetEvent } from '../../pipeline/events.js';
import { plural, printable } from '../format.js';

/** Which run this is, and on what it stands. */
export function Header(props: {
  started: GillnetEvent<'started'>;
  columns: number;
  facts: boolean;
}) {
  const { started, columns, facts } = props;
  const { run, model, weights, recipe, device, dtype, threads } = started;
  return (
    <Box flexDirection="column" width={columns} flexShrink={0}>
      <Text wrap="truncate">
        <Text bold color="cyan">
          gillnet
        </Text>{' '}
        <Text bold>{printable(run)}</Text> · {printable(model)} · recipe {printable(recipe)} ·
        weights {printable(weights)}
      </Text>
      {facts && (
        <Text dimColor wrap="truncate">
          {device} {dtype} · {plural(threads, 'thread')} · {plural(started.trainPhotos, 'photo')},{' '}
          {started.valPhotos} to validate · {started.imageSize}² pixels · batch {started.batchSize}
        </Text>
      )}
    </Box>
  );
}
