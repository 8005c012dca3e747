import { createHash } from 'node:crypto';
import path from 'node:path';
import type { CatalogPhoto } from '../catalog/catalog.js';
import { defaultSeed, type Settings } from '../config.js';
import { GillnetError } from '../errors.js';
import { type Architecture, architectureOf, defaultArchitecture } from '../model/architecture.js';
import { Classifier, setThreads } from '../model/classifier.js';
import { encodeModel } from '../model/model-file.js';
import { publish } from '../model/registry.js';
import { parameterCount } from '../model/state.js';
import { fitWeights, loadWeights, type Weights } from '../model/weights.js';
import { loadAddon } from '../native.js';
import type { PhotoReader } from '../photos/reader.js';
import { calibrate } from '../pipeline/calibrate.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import type { GuardedPhoto } from '../pipeline/guard.js';
import type { Pictures } from '../pipeline/pictures.js';
import { recipeOf } from '../pipeline/recipe.js';
import { type TrainResult, train } from '../pipeline/train.js';
import type { Run } from '../runs.js';
import { sha256Of } from '../sha256.js';
import { version } from '../version.js';
import {
  cannotResume,
  forgetCheckpoint,
  type RunConfig,
  readBest,
  readCheckpoint,
  readConfig,
  writeBest,
  writeCheckpoint,
  writeConfig,
} from './checkpoint.js';
import { doubting } from './doubting.js';
import type { Context } from './drive.js';
import { partition } from './partition.js';
import { storeAt } from './store-at.js';

export interface TrainingInput {
  /** What the guard has left. */
  photos: GuardedPhoto[];
  reader: PhotoReader;
  pictures: Pictures;
  run: Run;
  settings: Settings;
  context: Context;
}

export interface Trained extends TrainResult {
  /** Holds the best epoch's weights; the caller disposes of it. */
  classifier: Classifier;
  /** The published model's name; null when the run was interrupted. */
  model: string | null;
}

/**
 * Splits, looks for doubtful labels, trains, calibrates and publishes the best epoch's weights.
 * @throws GillnetError NOT_ENOUGH_PHOTOS, BAD_MODEL_FILE, CANNOT_RESUME, NON_FINITE_LOSS, IO, and the store's
 */
export async function* training(input: TrainingInput): AsyncGenerator<GillnetEvent, Trained> {
  const { reader, pictures, run, settings, context } = input;
  const { signal } = context;
  const before = settings.resume === undefined ? null : await readConfig(run);
  const seed = before?.seed ?? settings.seed ?? defaultSeed;
  const { train: trainPhotos, val: valPhotos, classes } = partition(input.photos, settings, seed);

  // Hours later would be too late to learn that there is no place for the model.
  const models = await storeAt(settings.models, settings, context);
  await models.prepare();
  const resume = before && (await readCheckpoint(run));
  const source = before ? (before.weights?.source ?? 'none') : (settings.weights ?? 'imagenet');
  // A checkpoint holds all weights.
  const asked = before?.architecture ?? settings.architecture;
  const weights = resume
    ? null
    : yield* startingWeights(source, asked ?? defaultArchitecture, input);
  const architecture = asked ?? (weights && architectureOf(weights.state)) ?? defaultArchitecture;
  const config: RunConfig = {
    architecture,
    recipe: before?.recipe ?? recipeOf(settings, weights !== null),
    seed,
    classes,
    weights: resume ? (before?.weights ?? null) : weights && provenance(weights, source),
    dataFingerprint: fingerprint([...trainPhotos, ...valPhotos]),
  };
  if (before) checkUnchanged(run, before, config);
  else await writeConfig(run, config);
  const { recipe } = config;

  setThreads(settings.threads);
  const { imageSize, decodeSize, optimizer } = recipe;
  if (weights && !before && !settings.trustLabels) {
    yield* doubting({
      ...{ weights, photos: input.photos, reader, pictures: input.pictures },
      ...{ decodeSize, seed, run, signal },
    });
  }
  yield event('stage', { stage: 'train', detail: `run ${run.id}` });
  const classifier = new Classifier({ architecture, classes, imageSize, seed, optimizer });
  const versions = { gillnet: version, libtorch: loadAddon().libtorchVersion };
  try {
    const initial = await classifier.state();
    if (weights) await classifier.setState(fitWeights(weights.state, initial));
    yield event('started', {
      run: run.id,
      model: architecture,
      device: 'cpu',
      dtype: 'float32',
      threads: loadAddon().threads(),
      recipe: recipe.name,
      weights: config.weights?.name ?? 'none',
      weightsSha256: config.weights?.sha256 ?? null,
      classes,
      trainPhotos: trainPhotos.length,
      valPhotos: valPhotos.length,
      parameters: parameterCount(initial),
      epochs: recipe.epochs,
      batchSize: recipe.batchSize,
      imageSize,
      optimizer: optimizer.algorithm,
      learningRate: recipe.learningRate,
      schedule: recipe.schedule,
      seed,
      dataFingerprint: config.dataFingerprint,
      versions,
    });

    const read = (photo: CatalogPhoto) => reader.pixels(photo, imageSize);
    let best = before && (await readBest(run));
    if (resume?.progress.best && !best) throw cannotResume(run, 'its best.pt is gone');
    const result = yield* train({
      classifier,
      train: trainPhotos,
      val: valPhotos,
      readForTraining: (photo) => reader.pixels(photo, decodeSize),
      readForJudging: read,
      pictures,
      recipe,
      seed,
      maxSeconds: settings.maxMinutes && settings.maxMinutes * 60,
      signal,
      requests: context.requests,
      resume: resume ?? undefined,
      keepBest: async (state) => {
        best = state;
        await writeBest(run, state);
      },
      keepCheckpoint: (checkpoint) => writeCheckpoint(run, checkpoint),
    });
    if (best) await classifier.setState(best);
    if (result.interrupted || !result.best || !best) return { ...result, classifier, model: null };

    const judging = { classifier, photos: valPhotos, read, size: imageSize, signal };
    const leaks = input.photos.filter(({ seen }) => seen).length;
    const temperature = yield* calibrate(judging);
    // The checkpoint of the last epoch's end is there: a resumed run calibrates again.
    if (signal.aborted) return { ...result, interrupted: true, classifier, model: null };
    classifier.temperature = temperature ?? 1;

    const bytes = encodeModel({
      description: {
        formatVersion: 1,
        architecture,
        classes,
        imageSize,
        mean: classifier.mean,
        std: classifier.std,
        ...(temperature !== null && { temperature }),
        resize: 'whole photo to a square, bilinear, antialiased',
        createdAt: new Date().toISOString(),
        recipe,
        seed,
        metrics: result.best,
        photos: { train: trainPhotos.length, val: valPhotos.length },
        ...(leaks > 0 && { leaks }),
        dataFingerprint: config.dataFingerprint,
        baseWeights: config.weights && { name: config.weights.name, sha256: config.weights.sha256 },
        versions,
      },
      state: best,
    });
    const model = await publish(models, bytes).catch((error) => {
      throw withNextStep(error, run);
    });
    await forgetCheckpoint(run);
    const sha256 = sha256Of(bytes);
    yield event('saved', { model, place: models.location, sha256, bytes: bytes.length });
    return { ...result, classifier, model };
  } catch (error) {
    classifier.dispose();
    throw error;
  }
}

function withNextStep(error: unknown, run: Run): unknown {
  if (!(error instanceof GillnetError)) return error;
  return new GillnetError(
    error.code,
    `${error.message} The training is kept: mend it and go on with \`npx gillnet train --resume ${run.id}\`.`,
    { cause: error },
  );
}

/** Null for random weights; that the ImageNet file can't be had is told, and no reason to give up. */
async function* startingWeights(
  source: string,
  architecture: Architecture,
  { context }: TrainingInput,
): AsyncGenerator<GillnetEvent, Weights | null> {
  if (source === 'none') return null;
  try {
    return await loadWeights(source, { architecture, signal: context.signal });
  } catch (error) {
    if (!(error instanceof GillnetError) || error.code !== 'WEIGHTS_UNAVAILABLE') throw error;
    yield event('warning', {
      code: error.code,
      message: `${error.message} Training begins from random weights instead, which needs more photos to do as well.`,
    });
    return null;
  }
}

function provenance({ name, sha256 }: Weights, source: string): RunConfig['weights'] {
  return { name, sha256, source: source === 'imagenet' ? source : path.resolve(source) };
}

function checkUnchanged(run: Run, before: RunConfig, now: RunConfig): void {
  if (before.dataFingerprint !== now.dataFingerprint) {
    throw cannotResume(run, 'its photos have changed since; train a new run');
  }
  if (before.weights?.sha256 !== now.weights?.sha256) {
    throw cannotResume(
      run,
      `the weights ${before.weights?.name ?? 'none'} that it began with have changed`,
    );
  }
}

/** SHA-256 over split, label and content of the photos, in the order of their keys. */
function fingerprint(photos: CatalogPhoto[]): string {
  const hash = createHash('sha256');
  for (const { split, label, sha256, key } of photos)
    hash.update(`${JSON.stringify([split, label, key])} ${sha256}\n`);
  return hash.digest('hex');
}
