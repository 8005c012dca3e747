import { readdirSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Model } from '../../lib/model/model-file.js';
import type { Random } from '../../lib/random.js';
import { type Ended, ended, startGillnet } from './command.js';
import { leftIn, onlyModelIn, resumeArgs, sameTraining } from './resumable.js';

/** Kills of a training, at moments that are known by what it tells and what stands in its folders. */

/** What a process has told and what was written so far. */
interface Seen {
  stdout: string;
  /** Files in the run's folder, and where the model will be. */
  run: string[];
  models: string[];
}

export interface Moment {
  name: string;
  hasCome: (seen: Seen) => boolean;
  /** Killed up to so many milliseconds later. */
  within: number;
}

export const isTemporary = (name: string) => name.endsWith('.tmp');
const newestOf = (names: string[]) =>
  Math.max(0, ...names.map((name) => Number(/^checkpoint-(\d+)-/.exec(name)?.[1] ?? 0)));

export const begun: Moment = {
  name: 'just begun',
  hasCome: ({ stdout }) => stdout.includes('"type":"started"'),
  within: 100,
};

/**
 * Moments between the first step and the last, in an order by lot.
 * @param checkpoints how many steps or checkpoints a process does before, at most
 */
export function midway(draws: Random, checkpoints: number): ((before: string[]) => Moment)[] {
  const ordinal = () => 1 + draws.integer(checkpoints);
  const orOver = (moment: Moment) => ({
    ...moment,
    hasCome: (seen: Seen) => moment.hasCome(seen) || calibrating.hasCome(seen),
  });
  const step = (count: number) => () => ({
    name: 'after a step',
    hasCome: ({ stdout }: Seen) => stdout.split('"type":"step"').length > count,
    within: 300,
  });
  const writing = (count: number) => (before: string[]) => ({
    name: 'while a checkpoint is written',
    hasCome: ({ run }: Seen) =>
      newestOf(run) >= newestOf(before) + count - 1 && run.some(isTemporary),
    within: 10,
  });
  const renamed = (count: number) => (before: string[]) => ({
    name: 'as a checkpoint gets its name',
    hasCome: ({ run }: Seen) => newestOf(run) >= newestOf(before) + count,
    within: 10,
  });
  const validating = () => ({
    name: 'in validation',
    hasCome: ({ stdout }: Seen) => stdout.includes('"stage":"validate"'),
    within: 40,
  });
  const makers = [step, writing, writing, renamed].map((of) => of(ordinal()));
  return draws
    .shuffle([...makers, validating])
    .map((momentAfter) => (before) => orOver(momentAfter(before)));
}

const calibrating: Moment = {
  name: 'in calibration',
  hasCome: ({ stdout }) => stdout.includes('"stage":"calibrate"'),
  within: 30,
};

/** Moments after the last step, in their order. */
export const ending: Moment[] = [
  calibrating,
  {
    name: 'while the model is written',
    hasCome: ({ models }) => models.some(isTemporary),
    within: 40,
  },
  {
    name: 'as the model gets its name',
    hasCome: ({ models }) => models.some((name) => name.endsWith('.pt')),
    within: 10,
  },
  {
    name: 'while the checkpoints are forgotten',
    hasCome: ({ stdout }) => stdout.includes('"type":"saved"'),
    within: 60,
  },
];

/** @param folder of the run's own places */
export const placeIn = (work: string, folder: string): Place => ({
  ...{ work, runs: path.join(folder, 'runs'), models: path.join(folder, 'models') },
});

/** Where a command works, and what it keeps there of one run. */
export interface Place {
  work: string;
  runs: string;
  models: string;
}

export function startIn({ work, runs, models }: Place, args: string[]) {
  // A run that goes on takes the number of threads that it began with.
  const env = { GILLNET_THREADS: '' };
  return startGillnet([...args, '--runs', runs, '--models', models], { cwd: work, env });
}

/** Asserts that a run goes on to the weights of one that was never stopped, and leaves nothing behind. */
export async function assertGoesOn(place: Place, run: string, reference: Model): Promise<void> {
  const { status, stdout } = await ended(startIn(place, resumeArgs(run)));
  assert.is(status, 0, stdout);
  await assertEndedAs(place, run, reference);
}

/** Asserts that the model of a run's place is like the other, and that of the run nothing is left but its record. */
export async function assertEndedAs(place: Place, run: string, reference: Model): Promise<void> {
  sameTraining(await onlyModelIn(place.models), reference);
  assert.equal(await leftIn(path.join(place.runs, run)), []);
}

/** Runs a command to its end, or kills it at a moment. `killed` is false where that never came. */
export async function killedAt(
  place: Place,
  args: string[],
  { hasCome, within }: Moment,
  draws: Random,
): Promise<Ended & { killed: boolean }> {
  const child = startIn(place, args);
  const delay = draws.integer(within + 1);
  const { runs, models } = place;
  let stdout = '';
  let killed = false;
  const looking = setInterval(() => {
    const run = path.join(runs, namesIn(runs)[0] ?? '');
    if (!hasCome({ stdout, run: namesIn(run), models: namesIn(models) })) return;
    clearInterval(looking);
    setTimeout(() => {
      killed = child.kill('SIGKILL');
    }, delay);
  }, 2);
  const told = await ended(child, (text) => {
    stdout = text;
  });
  clearInterval(looking);
  return { ...told, killed };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
