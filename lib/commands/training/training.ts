import type { KeyObject } from 'node:crypto';
import type { CatalogPhoto } from '../../catalog/catalog.js';
import { defaultSeed, type Settings } from '../../config.js';
import { codeOf, GillnetError, messageOf } from '../../errors.js';
import { machineOf } from '../../machine.js';
import { architectureOf, defaultArchitecture } from '../../model/architecture.js';
import { arithmeticOf, Classifier, setThreads } from '../../model/classifier.js';
import { fastestDtype } from '../../model/dtype.js';
import { dataFingerprintOf, type ManifestPhoto } from '../../model/manifest.js';
import { readSigningKey } from '../../model/signature.js';
import { parameterCount } from '../../model/state.js';
import { fitWeights, loadWeights, type Weights } from '../../model/weights.js';
import { loadAddon, type NativeDevice } from '../../native.js';
import type { PhotoReader } from '../../photos/reader.js';
import { calibrate } from '../../pipeline/calibrate.js';
import { event, type GillnetEvent } from '../../pipeline/events.js';
import type { Features } from '../../pipeline/features.js';
import type { GuardedPhoto } from '../../pipeline/guard.js';
import type { Pictures } from '../../pipeline/pictures.js';
import type { Checkpoint } from '../../pipeline/progress.js';
import { quantize } from '../../pipeline/quantize.js';
import { recipeOf } from '../../pipeline/recipes.js';
import { type TrainResult, train } from '../../pipeline/train.js';
import type { Ranks } from '../../ranks/ranks.js';
import type { Run } from '../../runs.js';
import type { Store } from '../../store/store.js';
import { version } from '../../version.js';
import { deviceOf } from '../computing.js';
import type { Context } from '../drive.js';
import { storeAt } from '../store-at.js';
import { fitted } from './batch-size.js';
import { Checkpoints } from './checkpoints.js';
import { doubting } from './doubting.js';
import { type Partition, partition } from './partition.js';
import { type Published, publishing } from './publishing.js';
import {
  differencesOfMachine,
  refuseChanges,
  refuseEnded,
  sameProcessor,
  sourceOf,
} from './resuming.js';
import { type RunConfig, readConfig, writeConfig } from './run-config.js';
import { deviceOfRank, leading } from './together.js';

export interface TrainingInput {
  /** What the guard has left. */
  photos: GuardedPhoto[];
  reader: PhotoReader;
  pictures: Pictures;
  run: Run;
  /** Those of the run where it is resumed, see `resumedSettings`. */
  settings: Settings;
  context: Context;
  /** That train along; null where this process trains alone. */
  ranks: Ranks | null;
  /** Where the photos' store is, for them. */
  data: string;
}

export interface Trained extends TrainResult {
  /** Holds the best epoch's weights; the caller disposes of it. */
  classifier: Classifier;
  /** The model; null when the run was interrupted. */
  published: Published | null;
  /** Those of the run, which the caller has forgotten once nothing is left to be done. */
  checkpoints: Checkpoints;
}

/** All that a training needs, looked at before hours are spent on it. */
export interface Prepared {
  parts: Partition;
  config: RunConfig;
  manifest: ManifestPhoto[];
  /** Null for random ones, and where a checkpoint holds all weights. */
  weights: Weights | null;
  checkpoints: Checkpoints;
  checkpoint: Checkpoint | null;
  /** Where the model will be. */
  models: Store;
  key: KeyObject | undefined;
  device: NativeDevice;
}

/**
 * Splits, looks for doubtful labels, trains, calibrates, quantizes and publishes the best epoch's weights.
 * @throws GillnetError NOT_ENOUGH_PHOTOS, BAD_MODEL_FILE, CANNOT_RESUME, NON_FINITE_LOSS, IO, and the store's
 */
export async function* training(input: TrainingInput): AsyncGenerator<GillnetEvent, Trained> {
  const { reader, run, settings, context } = input;
  const { signal } = context;
  const prepared = yield* preparing(input);
  const { config, parts, weights, checkpoint, checkpoints, device } = prepared;
  const { recipe, seed, architecture, classes } = config;
  const { imageSize, decodeSize, optimizer } = recipe;
  let seen: Features | null = null;
  if (weights && settings.resume === undefined && !settings.trustLabels) {
    const trains = new Set(parts.train);
    const others = input.photos.filter((photo) => !trains.has(photo));
    seen = yield* doubting({
      ...{ weights, parts: [parts.train, others], reader, pictures: input.pictures },
      ...{ imageSize, seed, run, signal, device },
    });
  }
  yield event('stage', { stage: 'train', detail: `run ${run.id}` });
  const classifier = new Classifier({
    ...{ architecture, classes, imageSize, seed, optimizer, device, ...arithmeticOf(config) },
  });
  try {
    const initial = await classifier.state();
    if (weights) await classifier.setState(fitWeights(weights.state, initial, architecture));
    yield startedBy(run, config, parts, parameterCount(initial));

    const { ranks } = input;
    const together = ranks ? await leading(ranks, input, prepared, classifier) : undefined;

    const read = (photo: CatalogPhoto) => reader.pixels(photo, imageSize);
    const result = yield* train({
      ...{ classifier, train: parts.train, val: parts.val, recipe, seed, signal },
      readForTraining: (photo) => reader.pixels(photo, decodeSize),
      readForJudging: read,
      ...{ seen, pictures: input.pictures },
      maxSeconds: settings.maxMinutes && settings.maxMinutes * 60,
      checkpointSeconds: settings.checkpointSeconds,
      ...{ requests: context.requests, together },
      resume: checkpoint ?? undefined,
      keepCheckpoint: (reached) => checkpoints.keep(reached),
    });
    const { best, weights: bestWeights } = result;
    if (bestWeights) await classifier.setState(bestWeights);
    const unfinished = { ...result, interrupted: true, classifier, published: null, checkpoints };
    if (result.interrupted || !best || !bestWeights) return unfinished;

    const judging = { classifier, read, size: imageSize, signal };
    const calibration = yield* calibrate({ ...judging, photos: parts.val });
    const float32Accuracy = best.valAccuracy;
    const int8 = config.int8
      ? yield* quantize({ ...judging, ...parts, seed, float32Accuracy })
      : null;
    // The checkpoint of the last epoch's end is there: a resumed run calibrates again.
    if (signal.aborted) return unfinished;
    classifier.temperature = calibration?.temperature ?? 1;
    classifier.threshold = calibration?.threshold ?? 0;

    const { models, key, manifest } = prepared;
    const leaks = input.photos.filter(({ seen }) => seen).length;
    const trained = { classifier, state: bestWeights, best, calibration, int8, leaks };
    const published = yield* publishing({ ...trained, config, manifest, models, key, run });
    return { ...result, classifier, published, checkpoints };
  } catch (error) {
    classifier.dispose();
    throw withNextStep(error, run);
  }
}

async function* preparing(input: TrainingInput): AsyncGenerator<GillnetEvent, Prepared> {
  const { run, settings, context } = input;
  const before = settings.resume === undefined ? null : await readConfig(run);
  const seed = settings.seed ?? defaultSeed;
  const parts = partition(input.photos, settings, seed);
  const manifest = manifestOf(parts);
  const key = settings.sign === undefined ? undefined : await readSigningKey(settings.sign);
  const models = await storeAt(settings.models, settings, context);
  await models.prepare();

  const dataFingerprint = dataFingerprintOf(manifest);
  const identity = { seed, dataFingerprint: before?.dataFingerprint ?? dataFingerprint };
  const checkpoints = new Checkpoints(run, identity);
  const { checkpoint, damaged } = await checkpoints.restore();
  for (const { name, reason } of damaged) {
    const message = `${name} can't be used: ${reason} The run goes on from the checkpoint before it.`;
    yield event('warning', { code: 'DAMAGED_CHECKPOINT', message });
  }
  if (before && !checkpoint) await refuseEnded(run);
  const weights = checkpoint ? null : yield* startingWeights(input);
  setThreads(settings.threads);
  // Of several ranks each has a card of its own.
  const { ranks } = input;
  const asked = ranks ? deviceOfRank(settings, ranks.placement) : settings.device;
  const found = yield* deviceOf(asked);
  let machine = machineOf(found);
  if (before && settings.threads === undefined && sameProcessor(before.machine, machine)) {
    setThreads(before.machine.threads);
    machine = machineOf(found);
  }
  const { policy, validation, valFraction } = settings;
  const architecture =
    settings.architecture ?? (weights && architectureOf(weights.state)) ?? defaultArchitecture;
  const { device, card } = found;
  const arithmetic = arithmeticOf(settings, fastestDtype(card));
  const recipe =
    before?.recipe ??
    (yield* fitted(
      recipeOf(settings, weights !== null),
      { architecture, device, ...arithmetic },
      parts,
      input,
    ));
  const config: RunConfig = {
    ...{ architecture, ...arithmetic, recipe },
    int8: settings.int8 ?? false,
    ...{ seed, policy, validation, valFraction, classes: parts.classes },
    weightsSource: sourceOf(settings.weights ?? 'imagenet'),
    weights: checkpoint ? (before?.weights ?? null) : weights && provenance(weights),
    ...{ dataFingerprint, machine, libtorch: loadAddon().libtorchVersion },
  };
  if (before) {
    await refuseChanges(run, before, config, manifest);
    yield* differencesOfMachine(before, config);
  } else {
    await writeConfig(run, config, manifest);
  }
  return { parts, config, manifest, weights, checkpoints, checkpoint, models, key, device };
}

/** An error of memory, or the loss of a rank, with how to go on; another one as it is. */
function withNextStep(error: unknown, run: Run): unknown {
  const next = `go on with \`npx gillnet train --resume ${run.id}\``;
  const told = messageOf(error);
  if (codeOf(error) === 'RANK_LOST') {
    const message = `${told.replace(/\.?$/, '.')} The run is kept: ${next}, on any number of ranks.`;
    return new GillnetError('RANK_LOST', message, { cause: error });
  }
  // Node's own, where a checkpoint or a model finds no room.
  const isNodes = error instanceof RangeError && /allocation failed/i.test(told);
  if (!isNodes && codeOf(error) !== 'OUT_OF_MEMORY') return error;
  return new GillnetError(
    'OUT_OF_MEMORY',
    `Memory ran out in training: ${told}. The run is kept as of its last checkpoint. Free memory, and ${next}; ` +
      'or train a new one with a lower `--batch-size`.',
    { cause: error },
  );
}

function startedBy(
  run: Run,
  config: RunConfig,
  { train, val }: Partition,
  parameters: number,
): GillnetEvent<'started'> {
  const { architecture, recipe, dtype, weights, classes, seed, dataFingerprint, machine } = config;
  const { epochs, batchSize, imageSize, learningRate, schedule } = recipe;
  return event('started', {
    ...{ run: run.id, model: architecture, device: machine.device, dtype },
    ...{ threads: machine.threads, recipe: recipe.name, weights: weights?.name ?? 'none' },
    ...{ weightsSha256: weights?.sha256 ?? null, classes, parameters },
    ...{ trainPhotos: train.length, valPhotos: val.length, epochs, batchSize, imageSize },
    ...{ optimizer: recipe.optimizer.algorithm, learningRate, schedule, seed, dataFingerprint },
    versions: { gillnet: version, libtorch: config.libtorch },
  });
}

/** Null for random weights; that the ImageNet file can't be had is told, and no reason to give up. */
async function* startingWeights({
  settings,
  context,
}: TrainingInput): AsyncGenerator<GillnetEvent, Weights | null> {
  const { weights: source = 'imagenet', architecture = defaultArchitecture } = settings;
  if (source === 'none') return null;
  try {
    return await loadWeights(source, { architecture, signal: context.signal });
  } catch (error) {
    if (codeOf(error) !== 'WEIGHTS_UNAVAILABLE') throw error;
    const message = `${messageOf(error)} Training begins from random weights instead, which needs more photos to do as well.`;
    yield event('warning', { code: codeOf(error), message });
    return null;
  }
}

function provenance({ name, sha256, isModel }: Weights): RunConfig['weights'] {
  return { name, sha256, parent: isModel ? { model: name, sha256 } : null };
}

function manifestOf({ train, val }: Partition): ManifestPhoto[] {
  const listed = (role: ManifestPhoto['role'], photos: GuardedPhoto[]) =>
    photos.map(({ split, label, key, sha256, pixelHash }) => ({
      ...{ role, split, label, key, sha256, pixelHash },
    }));
  return [...listed('train', train), ...listed('val', val)];
}
