import type { CatalogPhoto } from '../catalog/catalog.js';
import { GillnetError } from '../errors.js';
import type { Classifier } from '../model/classifier.js';
import type { NativeState } from '../native.js';
import { batches } from '../photos/batches.js';
import { random } from '../random.js';
import { drawAugmentation } from './augment.js';
import { event, type GillnetEvent } from './events.js';
import { decodeAhead, judge, type ReadPixels } from './judge.js';
import { learningRateAt, type Recipe } from './recipe.js';

/** How far a training is, between two steps. */
export interface TrainProgress {
  /** Epochs that have ended, validation included. */
  epochs: number;
  /** Steps done in the epoch under way, and over what. */
  steps: number;
  lossSum: number;
  photosSeen: number;
  /** The best epoch so far, counted from 1. */
  best: { epoch: number; valAccuracy: number } | null;
}

/** Enough to go on as if nothing had happened: all randomness is drawn from seed, epoch and position. */
export interface Checkpoint {
  progress: TrainProgress;
  model: NativeState;
  optimizer: NativeState;
}

export interface TrainOptions {
  classifier: Classifier;
  train: CatalogPhoto[];
  val: CatalogPhoto[];
  /** Pixels at the recipe's `decodeSize`, for training. */
  readForTraining: ReadPixels;
  /** Pixels at the recipe's `imageSize`, for validation. */
  readForJudging: ReadPixels;
  recipe: Recipe;
  seed: number;
  /** Ends after the epoch beyond which the next would not fit. */
  maxSeconds?: number | undefined;
  /** Stops between two steps, with a checkpoint. */
  signal?: AbortSignal | undefined;
  resume?: Checkpoint | undefined;
  /** Seconds between two checkpoints: what a kill may cost at most. Default 60. */
  checkpointSeconds?: number | undefined;
  /** Called with the weights of each new best epoch, before its event. */
  keepBest: (model: NativeState) => Promise<void>;
  /** Called every `checkpointSeconds`, on a stop, and after the last epoch. */
  keepCheckpoint: (checkpoint: Checkpoint) => Promise<void>;
}

export interface TrainResult {
  best: TrainProgress['best'];
  interrupted: boolean;
}

/** A checkpoint is 135 MB; writing it more often would slow short epochs. */
const defaultCheckpointSeconds = 60;

/**
 * Trains `classifier` and yields what happens. Validation accuracy chooses the best epoch, the
 * earliest of equal ones.
 * @throws GillnetError NON_FINITE_LOSS, NOT_ENOUGH_PHOTOS when none can be read, and what the
 * keepers throw
 */
export async function* train(options: TrainOptions): AsyncGenerator<GillnetEvent, TrainResult> {
  const { classifier, recipe, seed, signal } = options;
  const { checkpointSeconds = defaultCheckpointSeconds } = options;
  if (options.resume) {
    await classifier.setState(options.resume.model);
    await classifier.setOptimizerState(options.resume.optimizer);
  }
  let progress: TrainProgress = options.resume?.progress ?? {
    epochs: 0,
    steps: 0,
    lossSum: 0,
    photosSeen: 0,
    best: null,
  };
  const steps = Math.ceil(options.train.length / recipe.batchSize);
  const began = performance.now();

  let checkpointed = began;
  const keepCheckpoint = async () => {
    const model = await classifier.state();
    await options.keepCheckpoint({ progress, model, optimizer: await classifier.optimizerState() });
    checkpointed = performance.now();
  };
  /** A full disk must not end hours of training: the model itself may go elsewhere. */
  async function* keeping(work: () => Promise<void>): AsyncGenerator<GillnetEvent, void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof GillnetError) || error.code !== 'IO') throw error;
      checkpointed = performance.now();
      yield event('warning', { code: error.code, message: `${error.message} Training goes on.` });
    }
  }
  async function* keepCheckpointWhenDue(): AsyncGenerator<GillnetEvent, void> {
    if (performance.now() - checkpointed < checkpointSeconds * 1000) return;
    yield* keeping(keepCheckpoint);
  }
  const skipped: GillnetEvent[] = [];
  const onSkipped = (photo: CatalogPhoto, error: Error) => {
    skipped.push(event('skipped', { photo: photo.key, reason: error.message }));
  };

  while (progress.epochs < recipe.epochs) {
    const epoch = progress.epochs + 1;
    const epochBegan = performance.now();
    const order = random(seed, 'order', epoch).shuffle(options.train);
    const draws = new Map(
      order.map((photo, at) => [
        photo,
        drawAugmentation(recipe, random(seed, 'augment', epoch, at)),
      ]),
    );

    let stepBegan = performance.now();
    const loading = {
      read: options.readForTraining,
      batchSize: recipe.batchSize,
      size: recipe.decodeSize,
      ahead: decodeAhead,
      signal,
      onSkipped,
    };
    const resumedAt = progress.steps;
    for await (const batch of batches(order.slice(resumedAt * recipe.batchSize), loading)) {
      const learningRate = learningRateAt(
        recipe,
        (progress.epochs * steps + resumedAt + batch.index) / (recipe.epochs * steps),
      );
      const drawn = batch.items.map(
        (photo) => draws.get(photo) as ReturnType<typeof drawAugmentation>,
      );
      const labelled = {
        ...batch,
        labels: Int32Array.from(batch.items, (photo) => classifier.classes.indexOf(photo.label)),
        crops: Int32Array.from(drawn.flatMap(({ crop }) => crop)),
        flips: Uint8Array.from(drawn, ({ flip }) => flip),
      };
      const { labelSmoothing } = recipe;
      const { loss } = await classifier
        .trainStep(labelled, { learningRate, labelSmoothing })
        .catch((error) => {
          throw withNextStep(error, epoch, learningRate);
        });
      progress = {
        ...progress,
        steps: resumedAt + batch.index + 1,
        lossSum: progress.lossSum + loss * batch.count,
        photosSeen: progress.photosSeen + batch.count,
      };
      yield* skipped.splice(0);
      const now = performance.now();
      yield event('step', {
        epoch,
        step: progress.steps,
        steps,
        loss,
        learningRate,
        imagesPerSecond: batch.count / ((now - stepBegan) / 1000),
      });
      if (signal?.aborted) break;
      yield* keepCheckpointWhenDue();
      stepBegan = performance.now();
    }
    if (progress.photosSeen === 0 && !signal?.aborted) {
      yield* skipped.splice(0);
      throw new GillnetError(
        'NOT_ENOUGH_PHOTOS',
        'None of the training photos could be read. Is the data still where it was extracted from?',
      );
    }

    const trainSeconds = (performance.now() - epochBegan) / 1000;
    const validation = signal?.aborted
      ? null
      : await judge({
          classifier,
          photos: options.val,
          read: options.readForJudging,
          size: recipe.imageSize,
          signal,
          onSkipped,
        });
    yield* skipped.splice(0);
    if (signal?.aborted || !validation) {
      await keepCheckpoint();
      return { best: progress.best, interrupted: true };
    }

    const best = !progress.best || validation.accuracy > progress.best.valAccuracy;
    const { lossSum, photosSeen } = progress;
    progress = {
      epochs: epoch,
      steps: 0,
      lossSum: 0,
      photosSeen: 0,
      best: best ? { epoch, valAccuracy: validation.accuracy } : progress.best,
    };
    if (best) {
      const state = await classifier.state();
      yield* keeping(() => options.keepBest(state));
    }
    yield* keepCheckpointWhenDue();
    const seconds = (performance.now() - epochBegan) / 1000;
    yield event('epoch', {
      epoch,
      epochs: recipe.epochs,
      trainLoss: lossSum / photosSeen,
      valLoss: validation.loss,
      valAccuracy: validation.accuracy,
      seconds,
      imagesPerSecond: photosSeen / trainSeconds,
      best,
    });

    const elapsed = (performance.now() - began) / 1000;
    if (options.maxSeconds && epoch < recipe.epochs && elapsed + seconds > options.maxSeconds) {
      yield event('warning', {
        code: 'TIME_IS_UP',
        message: `Stopped after epoch ${epoch}: another one would not fit into ${options.maxSeconds / 60} minutes.`,
      });
      break;
    }
  }
  // What follows, such as writing the model, can fail: the run can then go on from here.
  yield* keeping(keepCheckpoint);
  return { best: progress.best, interrupted: false };
}

function withNextStep(error: unknown, epoch: number, learningRate: number): unknown {
  if (!(error instanceof GillnetError) || error.code !== 'NON_FINITE_LOSS') return error;
  return new GillnetError(
    error.code,
    `${error.message}. It was a step of epoch ${epoch} with learning rate ${learningRate}: train again with a lower \`--lr\`.`,
    { cause: error },
  );
}
