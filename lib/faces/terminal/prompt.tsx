import { Text } from 'ink';
import { type InputKind, proposals, type View } from './keys.js';
import { cutStart } from './text.js';

const questions: Record<InputKind, string> = {
  learningRate: 'learning rate ×',
  epochs: 'epochs to add:',
  note: 'note:',
};
const longestQuestion = 18;
const asideWidth = 40;

/** A line to write into, in place of the notice. */
export function Prompt({ input, columns }: { input: NonNullable<View['input']>; columns: number }) {
  const { kind, text, refused } = input;
  const aside = refused ?? 'Enter asks for it, Esc leaves it';
  const room = Math.max(8, columns - longestQuestion - (columns > 70 ? asideWidth : 2));
  return (
    <Text wrap="truncate">
      <Text bold>{questions[kind]}</Text> {cutStart(text, room)}█
      {text === '' && <Text dimColor>{proposals[kind]}</Text>}{' '}
      {refused === null ? <Text dimColor>{aside}</Text> : <Text color="red">{aside}</Text>}
    </Text>
  );
}
