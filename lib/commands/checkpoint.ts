import { GillnetError } from '../errors.js';
import type { Architecture } from '../model/architecture.js';
import { readTorchFile, writeTorchFile } from '../model/torch-file.js';
import type { NativeState } from '../native.js';
import type { Checkpoint, TrainProgress } from '../pipeline/progress.js';
import type { Recipe } from '../pipeline/recipe.js';
import type { Run } from '../runs.js';

/** What a run must not change when it goes on. */
export interface RunConfig {
  architecture: Architecture;
  recipe: Recipe;
  seed: number;
  classes: string[];
  /** What it began with; `source` is what loads them again. Null for random weights. */
  weights: { name: string; sha256: string; source: string } | null;
  dataFingerprint: string;
}

const configName = 'config.json';
const checkpointName = 'checkpoint.pt';
const bestName = 'best.pt';
const progressRecord = 'progress.json';
const prefixes = { model: 'model.', optimizer: 'optimizer.' };

export async function writeConfig(run: Run, config: RunConfig): Promise<void> {
  await run.write(configName, `${JSON.stringify(config, null, 1)}\n`);
}

/** @throws GillnetError CANNOT_RESUME when the run never began to train */
export async function readConfig(run: Run): Promise<RunConfig> {
  const body = await run.read(configName);
  if (!body) throw cannotResume(run, `it has no ${configName}, so it never began to train`);
  try {
    return JSON.parse(body.toString());
  } catch {
    throw cannotResume(run, `its ${configName} is damaged`);
  }
}

export async function writeCheckpoint(
  run: Run,
  { progress, model, optimizer }: Checkpoint,
): Promise<void> {
  const state = { ...prefixed(prefixes.model, model), ...prefixed(prefixes.optimizer, optimizer) };
  const records = new Map([[progressRecord, Buffer.from(JSON.stringify(progress))]]);
  await run.write(checkpointName, writeTorchFile({ state, records }));
}

/** Null when none was written yet: the run then begins anew. @throws GillnetError CANNOT_RESUME */
export async function readCheckpoint(run: Run): Promise<Checkpoint | null> {
  const body = await run.read(checkpointName);
  if (!body) return null;
  const { state, records } = readTorchFile(body);
  const progress = records.get(progressRecord);
  if (!progress) throw cannotResume(run, `its ${checkpointName} is damaged`);
  return {
    progress: JSON.parse(Buffer.from(progress).toString()) as TrainProgress,
    model: unprefixed(prefixes.model, state),
    optimizer: unprefixed(prefixes.optimizer, state),
  };
}

export async function writeBest(run: Run, state: NativeState): Promise<void> {
  await run.write(bestName, writeTorchFile({ state, records: new Map() }));
}

export async function readBest(run: Run): Promise<NativeState | null> {
  const body = await run.read(bestName);
  return body && readTorchFile(body).state;
}

/** Deletes what only an unfinished run needs. */
export async function forgetCheckpoint(run: Run): Promise<void> {
  await run.remove(checkpointName);
  await run.remove(bestName);
}

export function cannotResume(run: Run, reason: string): GillnetError {
  return new GillnetError('CANNOT_RESUME', `The run ${run.id} can't be resumed: ${reason}.`);
}

function prefixed(prefix: string, state: NativeState): NativeState {
  return Object.fromEntries(Object.entries(state).map(([name, tensor]) => [prefix + name, tensor]));
}

function unprefixed(prefix: string, state: NativeState): NativeState {
  return Object.fromEntries(
    Object.entries(state)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
