import { Box, Text } from 'ink';
import { help, type Tab, tabsIn } from './keys.js';
import { fit } from './text.js';

const keysWidth = 24;

/** The pages there are, the present one in brackets also where there are no colours; the result comes when all is over. */
export function TabBar({ tab, done }: { tab: Tab; done: boolean }) {
  return (
    <Text wrap="truncate">
      {tabsIn(done).map((name, index) => (
        <Text key={name} bold={name === tab} inverse={name === tab}>
          {name === tab ? `[${index + 1} ${name}]` : ` ${index + 1} ${name} `}
        </Text>
      ))}
    </Text>
  );
}

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
