import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import type { EventType, GillnetEvent } from '../../lib/pipeline/events.js';
import { programs } from '../servers/programs.js';
import { ended, startGillnet, succeeded } from './command.js';
import { ofType } from './events.js';
import { trainArgs as hurriedArgs, writeNoisyPhotos } from './resumable.js';
import { readLog } from './run-logs.js';
import { root, temporaryFolder } from './suite.js';

/** Step, milliseconds since the epoch, value. */
type Point = [number, number, number];

/** A run as MLflow's own client reads it. */
export interface ReadRun {
  id: string;
  name: string;
  status: string;
  began: number;
  ended: number | null;
  tags: Record<string, string>;
  params: Record<string, string>;
  points: Record<string, Point[]>;
  artifacts: string[];
  datasets: { name: string; digest: string; tags: Record<string, string> }[];
  models: {
    id: string;
    step: number;
    status: string;
    tags: Record<string, string>;
    params: Record<string, string>;
    metrics: Record<string, number>;
  }[];
  versions: {
    name: string;
    version: string;
    aliases: string[];
    tags: Record<string, string>;
    source: string;
    description: string | null;
  }[];
}

type Env = Record<string, string>;

/** Runs a program of test/fixtures/mlflow. @returns what it prints, as JSON */
export async function runMlflowPython<T>(program: string, args: string[], env: Env): Promise<T> {
  const file = path.join(root, 'test/fixtures/mlflow', program);
  const { stdout } = await promisify(execFile)(programs.mlflowPython, [file, ...args], {
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 27,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) as string);
}

/** All runs of an experiment. */
export const readExperiment = (name: string, env: Env): Promise<ReadRun[]> =>
  runMlflowPython('read.py', [name], env);

/** The one run of an experiment. */
export async function readOnlyRun(name: string, env: Env): Promise<ReadRun> {
  const runs = await readExperiment(name, env);
  assert.is(runs.length, 1, `${runs.length} runs in ${name}`);
  return runs[0] as ReadRun;
}

/** A folder in which commands work, told of an experiment of its own. */
export function tracked(experiment: string, env: Env, cwd = temporaryFolder()) {
  const start = (...args: string[]) =>
    startGillnet([...args, '--json'], {
      cwd,
      env: {
        ...{ MLFLOW_EXPERIMENT_NAME: experiment, MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL: '0.5' },
        ...env,
      },
    });
  return {
    ...{ cwd, start, experiment },
    gillnet: (...args: string[]) => ended(start(...args)),
    /** The same of a command that has to end well. */
    succeeds: (...args: string[]) => succeeded(ended(start(...args))),
    /** All that the log of its one run tells. */
    async log(): Promise<GillnetEvent[]> {
      const runs = path.join(cwd, '.gillnet/runs');
      assert.is((await readdir(runs)).length, 1);
      return readLog(runs);
    },
  };
}

/** A new training, without a checkpoint after each step. */
export const trainArgs = [...hurriedArgs, '--checkpoint-seconds', '60'];

/** A place for `trainArgs`, with photos to train on. */
export async function placeWithPhotos(experiment: string, env: Env) {
  const place = tracked(experiment, env);
  await writeNoisyPhotos(path.join(place.cwd, 'data'));
  return place;
}

/** What a metric's points must be: one of each event of a type, once a step. */
function expected<T extends EventType>(
  log: GillnetEvent[],
  type: T,
  step: (event: GillnetEvent<T>) => number,
  value: (event: GillnetEvent<T>) => number,
): Point[] {
  const points = new Map<number, Point>();
  for (const event of ofType(log, type)) {
    const at = step(event);
    // A resumed run does some again.
    if (!points.has(at)) points.set(at, [at, Date.parse(event.time), value(event)]);
  }
  return [...points.values()];
}

/** Asserts that MLflow has each point of the log, once and with its time, and no others. */
export function sameCurves(run: ReadRun, log: GillnetEvent[]): void {
  const ofStep = ({ epoch, step, steps }: GillnetEvent<'step'>) => (epoch - 1) * steps + step;
  const ofEpoch = ({ epoch }: GillnetEvent<'epoch'>) => epoch;
  const curves: Record<string, Point[]> = {
    'step/loss': expected(log, 'step', ofStep, ({ loss }) => loss),
    'step/learning_rate': expected(log, 'step', ofStep, ({ learningRate }) => learningRate),
    train_loss: expected(log, 'epoch', ofEpoch, ({ trainLoss }) => trainLoss),
    val_loss: expected(log, 'epoch', ofEpoch, ({ valLoss }) => valLoss),
    val_accuracy: expected(log, 'epoch', ofEpoch, ({ valAccuracy }) => valAccuracy),
  };
  for (const [key, points] of Object.entries(curves)) {
    assert.ok(points.length > 0, key);
    assert.equal(run.points[key], points, key);
  }
  const samples = ofType(log, 'system').map(({ time, cpu }, at) => [
    at + 1,
    Date.parse(time),
    100 * cpu,
  ]);
  assert.equal(run.points['system/cpu_utilization_percentage'] ?? [], samples);
}

/** Tells MLflow what it has missed, and reads the run, which must have ended there and have all of its points. */
export async function syncedRun(place: ReturnType<typeof tracked>, env: Env): Promise<ReadRun> {
  await place.succeeds('sync');
  const run = await readOnlyRun(place.experiment, env);
  assert.is(run.status, 'FINISHED');
  sameCurves(run, await place.log());
  return run;
}
