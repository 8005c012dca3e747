import { Box, Text } from 'ink';
import { duration, printable } from '../../format.js';
import { KeyHints } from '../hints.js';
import type { Size } from '../layout.js';
import type { ScreenState } from '../state.js';
import { cutStart } from '../text.js';
import { toneColour } from '../tones.js';
import { ClassBars } from './class-bars.js';
import { expectation } from './expectation.js';
import { FieldRows } from './field-rows.js';
import { fields } from './fields.js';
import { findings } from './findings.js';
import type { SetUpView } from './press.js';

/** Milliseconds after which a terminal that nobody sits at starts by itself. */
export const unattendedMilliseconds = 60_000;

/** What does not fit stands in the lines from before this screen, too. */
const mostFindings = 5;
/** Rows that are always there: title, expectation, notice and keys. */
const fixedRows = 4;
/** Kept free, besides the notice's own, for what needs several lines to say. */
const noticeRows = 1;

interface Props {
  state: ScreenState;
  proposal: NonNullable<ScreenState['proposal']>;
  view: SetUpView;
}

/** What was found, what can be chosen, and how long it would take. @param props.now milliseconds since 1970 */
export function SetUp(props: Props & { size: Size; now: number }) {
  const { state, proposal, view, size, now } = props;
  const { proposed, measured } = proposal;
  const { columns, rows } = size;
  const found = rows >= 18 ? findings(state).slice(0, mostFindings) : [];
  const rules = rows >= 20 ? 2 : 0;
  const fieldRows = Math.max(1, Math.min(fields.length, rows - fixedRows));
  const left = rows - fixedRows - fieldRows - found.length - rules;
  const rule = rules > 0 && <Text dimColor>{'─'.repeat(columns)}</Text>;
  const classRows = left >= 3 ? Math.min(left - noticeRows, proposed.classes.length + 1) : 0;
  return (
    <Box flexDirection="column" width={columns} height={rows} overflowY="hidden">
      <Text wrap="truncate">
        <Text bold color="cyan">
          gillnet
        </Text>{' '}
        <Text bold>set-up</Text> · {cutStart(proposed.data, Math.max(8, columns - 18))}
      </Text>
      {rule}
      {classRows > 0 && <ClassBars classes={proposed.classes} columns={columns} rows={classRows} />}
      {found.map(({ text, tone }) => (
        <Text key={text} wrap="truncate" color={toneColour[tone]}>
          {text}
        </Text>
      ))}
      {rule}
      <FieldRows view={view} proposed={proposed} columns={columns} rows={fieldRows} />
      <Box flexGrow={1} flexBasis={0} minHeight={1} overflowY="hidden" alignItems="flex-end">
        <Notice state={state} proposal={proposal} view={view} />
      </Box>
      <Text bold wrap="truncate">
        {expectation(view.choice, proposed, measured, now)}
      </Text>
      <Hints
        view={view}
        watching={state.watching}
        left={Date.parse(proposed.time) + unattendedMilliseconds - now}
      />
    </Box>
  );
}

function Notice({ state, proposal, view }: Props) {
  const refused = view.refused ?? (view.started ? null : proposal.proposed.refused);
  if (refused !== null) return <Text color="red">{printable(refused)}</Text>;
  const { running, stopping } = state;
  const behind = running && running.total > 0 ? `, ${running.done} of ${running.total}` : '';
  const text = stopping
    ? 'leaving'
    : view.started
      ? `starting${running ? `: ${running.stage} ${printable(running.detail)}${behind}` : '…'}`
      : ' ';
  return (
    <Text color="yellow" wrap="truncate">
      {text}
    </Text>
  );
}

function Hints(props: { view: SetUpView; watching: boolean; left: number }) {
  const { view, watching, left } = props;
  if (watching) {
    return <KeyHints keys={[['q', 'leave; the run waits for its own terminal']]} />;
  }
  const aside = `  starts by itself in ${duration(Math.ceil(Math.max(0, left) / 1000))}`;
  return (
    <KeyHints
      keys={[
        ['Enter', view.typed === '' ? 'starts' : 'takes it'],
        ['↑ ↓', 'choose'],
        ['← →', 'change'],
        ...(fields[view.field]?.read ? [['0–9', 'type'] as [string, string]] : []),
        ['q', 'leaves'],
      ]}
    >
      {!view.touched && !view.started && <Text dimColor>{aside}</Text>}
    </KeyHints>
  );
}
