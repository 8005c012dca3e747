import { Text } from 'ink';

/** Keys and what each does, in one line. */
export function KeyHints({ keys }: { keys: [string, string][] }) {
  return keys.map(([key, does], index) => (
    <Text key={key}>
      {index > 0 && '  '}
      <Text bold>{key}</Text> <Text dimColor>{does}</Text>
    </Text>
  ));
}
