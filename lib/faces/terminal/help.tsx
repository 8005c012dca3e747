import { Box, Text } from 'ink';
import { help } from './keys.js';
import { fit } from './text.js';

const keysWidth = 24;

/** Every key, over the page. */
export function Help({ columns, rows }: { columns: number; rows: number }) {
  return (
    <Box flexDirection="column" height={rows} overflowY="hidden" width={columns}>
      <Text bold>keys</Text>
      {help.map(([keys, does]) => (
        <Text key={keys} wrap="truncate">
          <Text color="cyan">{fit(keys, keysWidth)}</Text> {does}
        </Text>
      ))}
    </Box>
  );
}
