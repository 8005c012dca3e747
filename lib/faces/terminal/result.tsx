import { Box, Text } from 'ink';
import { defaults } from '../../config.js';
import { type ConfusedPair, confusedPairs } from '../../metrics/confusion.js';
import type { GillnetEvent } from '../../pipeline/events.js';
import { duration, percent, percentWithin, plural, printable } from '../format.js';
import { Matrix, matrixWidth } from './matrix.js';
import type { PageProps } from './page.js';
import { bestEpoch, type ScreenState } from './state.js';

const gap = 3;
const leastWordsShare = 0.45;

/** How it ended: figures, what is confused with what, where things lie and what to do next. */
export function Result({ state, columns, rows }: PageProps) {
  const { done, evaluated } = state;
  if (!done) return null;
  const places = placesOf(state);
  const room = rows - 1 - places.length - (rows > 12 ? 2 : 0);
  return (
    <Box flexDirection="column" rowGap={rows > 12 ? 1 : 0}>
      <Text bold wrap="truncate" color={done.interrupted ? 'yellow' : 'green'}>
        {headline(state, done)}
      </Text>
      {evaluated && room >= 3 && <Found evaluated={evaluated} columns={columns} rows={room} />}
      <Box flexDirection="column">
        {places.map(([name, place]) => (
          <Text key={name} wrap="truncate">
            <Text dimColor>{name.padEnd(10)}</Text> {printable(place)}
          </Text>
        ))}
      </Box>
    </Box>
  );
}

function Found(props: { evaluated: GillnetEvent<'evaluated'>; columns: number; rows: number }) {
  const { evaluated, columns, rows } = props;
  const width = Math.min(matrixWidth(evaluated), Math.floor(columns * (1 - leastWordsShare)) - gap);
  const worst = confusedPairs(evaluated);
  const height = Math.min(rows, evaluated.classes.length + 2);
  return (
    <Box columnGap={gap} height={height} overflowY="hidden">
      <Matrix evaluated={evaluated} columns={width} rows={rows} />
      <Box flexDirection="column" width={columns - width - gap}>
        <Text dimColor>worst confusions</Text>
        {worst.length === 0 && <Text>none</Text>}
        {worst.slice(0, height - 1).map((confusion) => (
          <Text key={`${confusion.label} ${confusion.predicted}`} wrap="truncate">
            {printable(inWords(confusion))}
          </Text>
        ))}
      </Box>
    </Box>
  );
}

/** `3 of 24 perch taken for bream` */
export function inWords({ label, predicted, count, share }: ConfusedPair): string {
  return `${count} of ${plural(Math.round(count / share), label, label)} taken for ${predicted}`;
}

function headline({ training, evaluated }: ScreenState, done: GillnetEvent<'done'>): string {
  const best = bestEpoch(training);
  return [
    done.interrupted && 'stopped',
    done.testAccuracy !== null &&
      `test ${percentWithin(done.testAccuracy, evaluated?.accuracyInterval ?? null)}${done.leaks ? ', leaked' : ''}`,
    done.valAccuracy !== null && `val ${percent(done.valAccuracy)}`,
    best && `best epoch ${best.epoch} of ${training?.epochs.at(-1)?.epoch}`,
    `in ${duration(done.seconds)}`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Where things lie, and commands that go on from here. */
function placesOf({ done, saved, evaluated }: ScreenState): [string, string][] {
  const elsewhere = saved?.place && saved.place !== defaults.models;
  const models = elsewhere ? ` --models ${saved.place}` : '';
  const places: [string, string | null | undefined][] = [
    ['model', saved?.place ? `${saved.place}/${saved.model}` : done?.model],
    ['report', evaluated?.report],
    ['go on', done?.interrupted ? `npx gillnet train --resume ${done.run}` : null],
    ['try it', done?.model ? `npx gillnet predict PHOTO.jpg${models}` : null],
    ['judge it', done?.model ? `npx gillnet evaluate${models}` : null],
  ];
  return places.filter((place): place is [string, string] => Boolean(place[1]));
}
