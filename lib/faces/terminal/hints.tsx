import { Text } from 'ink';
import { KeyHints } from './key-hints.js';
import { tabKeys } from './keys.js';
import { type ScreenState, takesRequests } from './state.js';

/** The keys that matter now; `?` shows them all. */
export function Hints({ state }: { state: ScreenState }) {
  const { done, paused, stopping, watching } = state;
  const pages: [string, string] = [tabKeys(done !== null), 'pages'];
  const keys: [string, string][] = done
    ? [pages, ['q', 'leave']]
    : watching
      ? [pages, ['q', 'leave; the run goes on']]
      : stopping || !takesRequests(state)
        ? [pages, ['q', 'stop'], ['?', 'keys']]
        : [
            ['space', paused ? 'go on' : 'pause'],
            ['q', 'stop'],
            ['?', 'keys'],
            ['f', 'finish'],
            ['s', 'save'],
            ['l', 'rate'],
            ['e', 'epochs'],
            ['n', 'note'],
          ];
  return (
    <Text wrap="truncate">
      <KeyHints keys={keys} />
    </Text>
  );
}
