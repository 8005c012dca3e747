import { Text } from 'ink';
import { type Tab, tabsIn } from './keys.js';

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
