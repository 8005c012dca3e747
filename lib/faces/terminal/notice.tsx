import { Text } from 'ink';
import type { Request } from '../../pipeline/requests.js';
import { describe } from '../event-lines.js';
import { duration, plural, printable } from '../format.js';
import type { View } from './keys.js';
import { type ScreenState, type Training, validating } from './state.js';
import { progressBar } from './text.js';

const stageBarWidth = 20;
/** A step that takes longer than this looks like one that hangs, unless its seconds are counted. */
const quietMilliseconds = 2000;

/** The one line about what is going on: the newest of questions, requests and waits. */
export function Notice({ state, view, now }: { state: ScreenState; view: View; now: number }) {
  const { training, running, pending, honoured, paused, stopping, done } = state;
  const asked = pending.at(-1);
  if (view.overlay === 'stop') return <Said bold>Stop now and keep what is done? y / n</Said>;
  if (done) return <Text> </Text>;
  if (stopping) return <Said>stopping at the next safe place; Ctrl-C: at once</Said>;
  if (asked) return <Said>{`asked: ${words(asked)}; comes after the step under way`}</Said>;
  if (paused) return <Said>paused; space goes on</Said>;
  if (running && running.stage !== 'train') {
    const { stage, detail, done: behind, total } = running;
    return (
      <Text wrap="truncate">
        <Text bold>{stage}</Text>{' '}
        {total > 0 && `${progressBar(behind / total, stageBarWidth)} ${behind} of ${total} `}
        <Text dimColor>{printable(detail)}</Text>
      </Text>
    );
  }
  const wait = training && waitOf(training, honoured, now);
  if (wait) return <Said colour="cyan">{wait}</Said>;
  return <Said colour="green">{honoured ? describe(honoured) : ' '}</Said>;
}

function Said(props: { colour?: string; bold?: boolean; children: string | null }) {
  const { colour = 'yellow', bold = false, children } = props;
  return (
    <Text bold={bold} color={colour} wrap="truncate">
      {children}
    </Text>
  );
}

function waitOf(training: Training, honoured: ScreenState['honoured'], now: number): string | null {
  const { started, step, epochs } = training;
  const newest = [honoured, epochs.at(-1), step, started].flatMap((event) =>
    event ? [Date.parse(event.time)] : [],
  );
  const quiet = now - Math.max(...newest);
  const since = duration(Math.max(0, Math.floor(quiet / 1000)));
  if (!step) return `reading the first photos and computing the first step, ${since}`;
  if (quiet < quietMilliseconds) return null;
  if ((epochs.at(-1)?.epoch ?? 0) >= training.planned) return `keeping the model, ${since}`;
  return validating(training) ? `validating, ${since}` : `step under way, ${since}`;
}

/** What is asked for. */
function words(asked: Request): string {
  if (asked.kind === 'learningRate') return `learning rate × ${asked.factor}`;
  if (asked.kind === 'epochs') return plural(asked.add, 'more epoch');
  return {
    pause: 'pause',
    resume: 'go on',
    finish: 'finish after this epoch',
    checkpoint: 'save a checkpoint',
    note: 'keep a note',
  }[asked.kind];
}
