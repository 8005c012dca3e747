import { Text } from 'ink';
import type { Request } from '../../pipeline/requests.js';
import { describe } from '../event-lines.js';
import { duration, plural, printable } from '../format.js';
import { progressBar } from './bars.js';
import type { View } from './keys.js';
import { type ScreenState, type Training, validating } from './state.js';

const stageBarWidth = 20;
/** A step that takes longer than this looks like one that hangs, unless its seconds are counted. */
const quietMilliseconds = 2000;

/** The one line about what is going on: the newest of questions, requests and waits. */
export function Notice({ state, view, now }: { state: ScreenState; view: View; now: number }) {
  const { training, running, pending, honoured, paused, stopping, done } = state;
  const asked = pending.at(-1);
  if (view.overlay === 'stop')
    return (
      <Text bold color="yellow" wrap="truncate">
        Stop now and keep what is done? y / n
      </Text>
    );
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
  if (wait)
    return (
      <Text color="cyan" wrap="truncate">
        {wait}
      </Text>
    );
  return (
    <Text color="green" wrap="truncate">
      {honoured ? describe(honoured) : ' '}
    </Text>
  );
}

function Said({ children }: { children: string }) {
  return (
    <Text color="yellow" wrap="truncate">
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

/** What is asked for, in words. */
function words(asked: Request): string {
  switch (asked.kind) {
    case 'pause':
      return 'pause';
    case 'resume':
      return 'go on';
    case 'finish':
      return 'finish after this epoch';
    case 'checkpoint':
      return 'save a checkpoint';
    case 'learningRate':
      return `learning rate × ${asked.factor}`;
    case 'epochs':
      return plural(asked.add, 'more epoch');
    case 'note':
      return 'keep a note';
  }
}
