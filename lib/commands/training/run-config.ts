import { GillnetError } from '../../errors.js';
import type { Machine } from '../../machine.js';
import type { Architecture } from '../../model/architecture.js';
import type { Arithmetic } from '../../model/classifier.js';
import { decodeManifest, encodeManifest, type ManifestPhoto } from '../../model/manifest.js';
import type { Parent } from '../../model/model-file.js';
import type { Recipe } from '../../model/recipe.js';
import type { Selection } from '../../model/selection.js';
import type { Dtype } from '../../native.js';
import type { Run } from '../../runs.js';

/** What a run must not change when it goes on. */
export interface RunConfig extends Selection, Arithmetic {
  architecture: Architecture;
  recipe: Recipe;
  dtype: Dtype;
  /** Whether the model is calibrated for int8, too; an older run does not say. */
  int8?: boolean;
  seed: number;
  classes: string[];
  /** What was asked for: `imagenet`, `none` or a file's whole path. */
  weightsSource: string;
  /** What it began with; null for random weights. */
  weights: { name: string; sha256: string; parent: Parent | null } | null;
  dataFingerprint: string;
  /** Where it began, on which its last digits depend. */
  machine: Machine;
  libtorch: string;
}

/** What a run remembers of its model. */
export interface Publication {
  /** Of the model, which is named by it. */
  createdAt: string;
  /** Null until it is there. */
  model: string | null;
}

const configName = 'config.json';
const photosName = 'photos.json';
const publicationName = 'publication.json';

export async function writeConfig(
  run: Run,
  config: RunConfig,
  photos: ManifestPhoto[],
): Promise<void> {
  await run.write(photosName, encodeManifest(photos));
  await run.write(configName, `${JSON.stringify(config, null, 1)}\n`);
}

/** @throws GillnetError CANNOT_RESUME when the run never began to train */
export async function readConfig(run: Run): Promise<RunConfig> {
  const config = await readJson<RunConfig>(run, configName);
  if (!config) throw cannotResume(run, `it has no ${configName}, so it never began to train`);
  // Older ones lack some of it.
  if (config.architecture && config.machine && config.recipe?.factors && config.dtype)
    return config;
  throw cannotResume(run, `its ${configName} is of another version of gillnet; train a new run`);
}

/** The photos that it began with. @throws GillnetError CANNOT_RESUME */
export async function readPhotos(run: Run): Promise<ManifestPhoto[]> {
  const body = await run.read(photosName);
  if (!body) throw cannotResume(run, `its ${photosName} is gone`);
  return decodeManifest(body);
}

export function writePublication(run: Run, publication: Publication): Promise<void> {
  return run.write(publicationName, `${JSON.stringify(publication)}\n`);
}

/** Null for a run that has not trained to its end. @throws GillnetError CANNOT_RESUME */
export async function readPublication(run: Run): Promise<Publication | null> {
  return readJson<Publication>(run, publicationName, {
    isWhole: ({ createdAt }) => !Number.isNaN(Date.parse(createdAt)),
    mend: '; delete it to write a model anew',
  });
}

/**
 * What a file of the run holds, null where there is none.
 * @param options.mend what to do about one that is damaged
 * @throws GillnetError CANNOT_RESUME for one that is damaged
 */
export async function readJson<T>(
  run: Run,
  name: string,
  { isWhole = () => true, mend = '' }: { isWhole?: (value: T) => boolean; mend?: string } = {},
): Promise<T | null> {
  const body = await run.read(name);
  if (!body) return null;
  try {
    const value: T | null = JSON.parse(body.toString());
    if (value && isWhole(value)) return value;
  } catch {}
  throw cannotResume(run, `its ${name} is damaged${mend}`);
}

export function cannotResume(run: Run, reason: string): GillnetError {
  return new GillnetError('CANNOT_RESUME', `The run ${run.id} can't be resumed: ${reason}.`);
}
