import type { ChangedPhoto, GillnetEvent } from '../pipeline/events.js';
import { count, percent, percentEnds, plural, printable } from './format.js';

/** Changed photos that are listed for people; JSON lines tell all. */
const mostListed = 20;

/** What two models differ in, as lines for people below the one that `describe` makes. */
export function comparisonLines(event: GillnetEvent<'compared'>): string[] {
  const { models, bothRight, bothWrong, worse, better } = event;
  const [first, second] = models;
  const figures = models.map(({ model, right, accuracy, accuracyInterval, seen }, index) =>
    [
      `${'AB'[index]}  ${model}  ${count(right).padStart(6)} right  ${percent(accuracy).padStart(7)}`,
      accuracyInterval && `(95 %: ${percentEnds(accuracyInterval)})`,
      seen > 0 && `trained with ${count(seen)} of them`,
    ]
      .filter(Boolean)
      .join('  '),
  );
  const cell = (value: number) => count(value).padStart(8);
  const lines = [
    ...figures,
    '',
    '          B right B wrong',
    `A right  ${cell(bothRight)}${cell(worse.length)}`,
    `A wrong  ${cell(better.length)}${cell(bothWrong)}`,
    '',
    ...listed(`right by A alone (${first.model})`, worse, 'second'),
    ...listed(`right by B alone (${second.model})`, better, 'first'),
  ];
  return lines.map(printable);
}

function listed(title: string, photos: ChangedPhoto[], wrong: 'first' | 'second'): string[] {
  if (photos.length === 0) return [];
  const more = photos.length - mostListed;
  return [
    `${title}, the surest mistakes first:`,
    ...photos.slice(0, mostListed).map(({ photo, label, seen, ...said }) => {
      const { label: other, confidence } = said[wrong];
      return `  ${photo}: ${label}, not ${other} (${percent(confidence)})${seen ? ', seen in training' : ''}`;
    }),
    ...(more > 0 ? [`  and ${plural(more, 'more photo')}; --json lists all`] : []),
  ];
}
