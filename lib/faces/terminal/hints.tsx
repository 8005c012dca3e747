import { Text } from 'ink';
import type { ReactNode } from 'react';
import { tabKeys } from './keys.js';
import { type ScreenState, takesRequests } from './state.js';

/** The keys that matter now; `?` shows them all. */
export function Hints({ state }: { state: ScreenState }) {
  const { done, paused, watching } = state;
  const pages: [string, string] = [tabKeys(done !== null), 'pages'];
  const keys: [string, string][] = done
    ? [pages, ['q', 'leave']]
    : watching
      ? [pages, ['q', 'leave; the run goes on']]
      : !takesRequests(state)
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
  return <KeyHints keys={keys} />;
}

/** Keys and what each does, in one line, and what stands behind them. */
export function KeyHints(props: { keys: [string, string][]; children?: ReactNode }) {
  const { keys, children } = props;
  return (
    <Text wrap="truncate">
      {keys.map(([key, does], index) => (
        <Text key={key}>
          {index > 0 && '  '}
          <Text bold>{key}</Text> <Text dimColor>{does}</Text>
        </Text>
      ))}
      {children}
    </Text>
  );
}
