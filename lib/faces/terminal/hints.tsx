import { Text } from 'ink';
import { KeyHints } from './key-hints.js';
import { type ScreenState, takesRequests } from './state.js';

/** The keys that matter now; `?` shows them all. */
export function Hints({ state }: { state: ScreenState }) {
  const { done, paused, stopping, watching } = state;
  const keys: [string, string][] = done
    ? [
        ['1–5', 'pages'],
        ['q', 'leave'],
      ]
    : watching
      ? [
          ['1–4', 'pages'],
          ['q', 'leave; the run goes on'],
        ]
      : stopping || !takesRequests(state)
        ? [
            ['1–4', 'pages'],
            ['q', 'stop'],
            ['?', 'keys'],
          ]
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
