import type { CatalogPhoto } from '../catalog/catalog.js';
import { codeOf, GillnetError } from '../errors.js';
import { classAccuracies } from '../metrics/judgement.js';
import type { Classifier } from '../model/classifier.js';
import type { NativeState, NativeTrained } from '../native.js';
import { batches, type PhotoBatch } from '../photos/batches.js';
import { random } from '../random.js';
import { drawAugmentation } from './augment.js';
import { event, type GillnetEvent } from './events.js';
import type { Features } from './features.js';
import { fittingHead } from './head.js';
import { decodeAhead, type Judged, judge, type ReadPixels } from './judge.js';
import { measure } from './measure.js';
import { mostWrong } from './most-wrong.js';
import { Pictures } from './pictures.js';
import type { Checkpoint, TrainProgress } from './progress.js';
import { estimate } from './proposal.js';
import { learningRateAt, type Recipe, stepOptionsOf } from './recipe.js';
import { Requests, replan } from './requests.js';
import type { Together } from './together.js';

export interface TrainOptions {
  classifier: Classifier;
  train: CatalogPhoto[];
  val: CatalogPhoto[];
  /** Pixels at the recipe's `decodeSize`, for training. */
  readForTraining: ReadPixels;
  /** Pixels at the recipe's `imageSize`, for validation and for the head. */
  readForJudging: ReadPixels;
  /** What the network, with the weights that it begins with, sees of some of the photos; the head is fitted to it. */
  seen?: Features<CatalogPhoto> | null | undefined;
  /** Of the photos that the model gets most wrong; without it none are told. */
  pictures?: Pictures | undefined;
  recipe: Recipe;
  seed: number;
  /** For the whole training, which plans as many of the recipe's epochs as fit. */
  maxSeconds?: number | undefined;
  /** Stops between two steps, with a checkpoint. */
  signal?: AbortSignal | undefined;
  resume?: Checkpoint | undefined;
  /** What a person asks of the training meanwhile. */
  requests?: Requests | undefined;
  /** Trains with other ranks, whose signal and requests take the place of those above; all are given the rest alike. */
  together?: Together | undefined;
  /** Seconds between two checkpoints: what a kill may cost at most. Default 60. */
  checkpointSeconds?: number | undefined;
  /** Called every `checkpointSeconds`, on a stop, and after the last epoch. */
  keepCheckpoint: (checkpoint: Checkpoint) => Promise<void>;
}

export interface TrainResult {
  best: TrainProgress['best'];
  /** The best epoch's; null when none has ended. */
  weights: NativeState | null;
  interrupted: boolean;
}

/** A checkpoint of a ResNet-18 is 180 MB; writing it more often would slow short epochs. */
const defaultCheckpointSeconds = 60;
/** Of the photos that the model gets most wrong in an epoch. */
const mostShown = 10;

/**
 * Trains `classifier` and yields what happens. Validation accuracy chooses the best epoch, the
 * earliest of equal ones.
 * @throws GillnetError NON_FINITE_LOSS, NOT_ENOUGH_PHOTOS when none can be read, CANNOT_RESUME when the
 * checkpoint is of another network, and what the keeper throws
 */
export async function* train(options: TrainOptions): AsyncGenerator<GillnetEvent, TrainResult> {
  const { together } = options;
  const agreed = together && { signal: together.signal, requests: together.requests };
  const training = new Training({ ...options, ...agreed });
  try {
    return yield* training.run();
  } catch (error) {
    // The step that failed has changed nothing.
    if (codeOf(error) === 'RANK_LOST') await training.keepCheckpoint().catch(() => {});
    throw error;
  }
}

interface BegunStep {
  epoch: number;
  /** Within the epoch. */
  index: number;
  learningRate: number;
  /** When the training began to wait for the batch, and when it had it. */
  began: number;
  computing: number;
  /** Waits for it. */
  trained: () => Promise<NativeTrained>;
}

class Training {
  #options: TrainOptions;
  #progress: TrainProgress;
  #best: NativeState | null;
  #requests: Requests;
  /** Steps of an epoch. */
  #steps: number;
  #skipped: GillnetEvent[] = [];
  #pictures: Pictures;
  #began = performance.now();
  #checkpointed = performance.now();
  /** Steps under way, in their order. */
  #begun: BegunStep[] = [];
  /** How many are begun before the first of them has ended: a card is never to wait for the next. */
  #ahead: number;
  /** When a step last ended. */
  #finished = 0;
  /** Milliseconds that the training was paused, which count for nothing. */
  #paused = 0;

  constructor(options: TrainOptions) {
    const { recipe, train, resume, requests = new Requests() } = options;
    this.#options = options;
    this.#requests = requests;
    this.#pictures = options.pictures ?? new Pictures();
    this.#best = resume?.best ?? null;
    this.#ahead = options.classifier.device === 'cpu' || options.together ? 0 : 1;
    this.#steps = Math.ceil(train.length / recipe.batchSize);
    this.#progress = {
      ...{ epochs: recipe.headPenalty === null ? 0 : -1, steps: 0, lossSum: 0, correct: 0 },
      ...{ photosSeen: 0, best: null },
      history: [],
      plan: { epochs: recipe.epochs, scheduledEpochs: recipe.epochs, learningRateFactor: 1 },
      ...resume?.progress,
    };
  }

  async *run(): AsyncGenerator<GillnetEvent, TrainResult> {
    const { resume, signal, maxSeconds } = this.#options;
    if (resume) {
      await this.#restore(resume);
      const { epochs, steps, history } = this.#progress;
      yield event('resumed', { epoch: epochs + 1, step: steps, history });
    }
    while (this.#progress.epochs < this.#progress.plan.epochs) {
      if (maxSeconds && this.#progress.epochs === 0 && this.#progress.steps === 0) {
        yield* this.#fitInto(maxSeconds);
        if (this.#progress.plan.epochs === 0) break;
      }
      const epochBegan = this.#now();
      if (this.#progress.epochs < 0) yield* this.#fitHead();
      else yield* this.#trainEpoch();
      const trainSeconds = this.#secondsSince(epochBegan);
      const validation = signal?.aborted ? null : yield* this.#validate();
      if (signal?.aborted || !validation) {
        await this.keepCheckpoint();
        return this.#result(true);
      }
      yield* this.#endEpoch(validation, epochBegan, trainSeconds);
      yield* this.#honour({ ended: true });

      const { epochs, plan } = this.#progress;
      const next = this.#secondsSince(this.#began) + this.#secondsSince(epochBegan);
      if (
        maxSeconds &&
        epochs > 0 &&
        epochs < plan.epochs &&
        (await this.#first(next)) > maxSeconds
      ) {
        yield event('warning', {
          code: 'TIME_IS_UP',
          message: `Stopped after epoch ${epochs}: another one would not fit into ${maxSeconds / 60} minutes.`,
        });
        break;
      }
    }
    // What follows, such as writing the model, can fail: the run can then go on from here.
    yield* this.#keeping(() => this.keepCheckpoint());
    return this.#result(false);
  }

  #result(interrupted: boolean): TrainResult {
    return { best: this.#progress.best, weights: this.#best, interrupted };
  }

  async #restore({ model, optimizer }: Checkpoint): Promise<void> {
    const { classifier } = this.#options;
    try {
      await classifier.setState(model);
      await classifier.setOptimizerState(optimizer);
    } catch (cause) {
      if (!(cause instanceof GillnetError) || cause.code !== 'INVALID_ARGUMENT') throw cause;
      throw new GillnetError(
        'CANNOT_RESUME',
        `The checkpoint is of another network: ${cause.message}.`,
        {
          cause,
        },
      );
    }
  }

  /**
   * Plans as many epochs as fit into the time that is left, before the first one: the schedule of the learning rate is
   * laid over what is trained. Without a head of its own it trains one at least.
   */
  async *#fitInto(maxSeconds: number): AsyncGenerator<GillnetEvent, void> {
    const { classifier, train, val, readForTraining: read, signal } = this.#options;
    // What one rank has of each batch; what ranks tell one another is not measured.
    const { size } = this.#options.together?.share ?? { size: 1 };
    const batchSize = Math.ceil(this.#options.recipe.batchSize / size);
    const recipe = { ...this.#options.recipe, batchSize };
    const measuring = { classifier, photos: train, read, recipe, signal };
    const timing = yield* this.#alone(async function* () {
      return await unchanged(classifier, () => measure(measuring));
    });
    const photos = { train: train.length / size, val: val.length / size, held: true };
    const least = this.#progress.best ? 0 : 1;
    const fitting = () => {
      if (!timing) return null;
      const taking = (epochs: number) =>
        estimate(timing, photos, { ...recipe, headPenalty: null, epochs });
      const left = maxSeconds - this.#secondsSince(this.#began);
      let epochs = recipe.epochs;
      while (epochs > least && taking(epochs) > left) epochs -= 1;
      return { epochs, seconds: epochs && taking(epochs) };
    };
    const fits = await this.#first(fitting());
    if (!fits) return;
    const { epochs, seconds } = fits;
    const { plan } = this.#progress;
    this.#progress = { ...this.#progress, plan: { ...plan, epochs, scheduledEpochs: epochs } };
    yield event('planned', { epochs, of: recipe.epochs, seconds });
  }

  /** What one rank does, in place of all; null on the others. */
  #alone<T>(work: () => AsyncGenerator<GillnetEvent, T>): AsyncGenerator<GillnetEvent, T | null> {
    return this.#options.together?.alone(work) ?? work();
  }

  /** What holds on all ranks: the first one's. */
  async #first<T>(value: T): Promise<T> {
    return this.#options.together ? this.#options.together.first(value) : value;
  }

  /** Epoch 0: the head alone. */
  async *#fitHead(): AsyncGenerator<GillnetEvent, void> {
    const { classifier, train, seen, readForJudging: read, recipe, signal } = this.#options;
    const { imageSize: size, headPenalty: penalty } = recipe;
    if (penalty === null) return;
    const fitting = { classifier, photos: train, seen, read, size, penalty, signal };
    const fitted = yield* this.#alone(() => fittingHead(fitting));
    if (signal?.aborted) return;
    const fit = await this.#first(fitted);
    if (!fit) throw noneReadable();
    const { photos, loss, correct } = fit;
    this.#progress = {
      ...this.#progress,
      ...{ lossSum: loss * photos, correct, photosSeen: photos },
    };
  }

  /** The rest of the epoch under way. */
  async *#trainEpoch(): AsyncGenerator<GillnetEvent, void> {
    const { recipe, seed, signal, readForTraining, together } = this.#options;
    const { batchSize, decodeSize } = recipe;
    const epoch = this.#progress.epochs + 1;
    const order = random(seed, 'order', epoch).shuffle(this.#options.train);
    const loading = {
      ...{ read: readForTraining, batchSize, size: decodeSize, ahead: decodeAhead, signal },
      share: together?.share,
      onSkipped: (photo: CatalogPhoto, { message: reason }: Error) =>
        this.#skipped.push(event('skipped', { photo: photo.key, reason })),
    };
    const before = this.#progress.steps;
    let began = performance.now();
    for await (const batch of batches(order.slice(before * batchSize), loading)) {
      this.#begun.push(await this.#begin(batch, before, began));
      if (this.#begun.length > this.#ahead) {
        yield* this.#finishAll(this.#ahead);
        await together?.agree();
        if (signal?.aborted) break;
        // What is asked for, or kept, is of the steps that were told.
        if (!this.#requests.isEmpty || this.#checkpointIsDue) yield* this.#finishAll();
        yield* this.#honour();
        yield* this.#keepCheckpointWhenDue();
      }
      began = performance.now();
    }
    yield* this.#finishAll();
    yield* this.#skipped.splice(0);
    if (this.#progress.photosSeen === 0 && !signal?.aborted) throw noneReadable();
  }

  /**
   * @param before steps of the epoch before the first batch
   * @param began when the training began to wait for the batch
   */
  async #begin(batch: PhotoBatch<CatalogPhoto>, before: number, began: number): Promise<BegunStep> {
    const { classifier, recipe, seed, together } = this.#options;
    const { epochs, plan } = this.#progress;
    const epoch = epochs + 1;
    const index = before + batch.index;
    const share = (epochs * this.#steps + index) / (plan.scheduledEpochs * this.#steps);
    const learningRate = learningRateAt(recipe, share) * plan.learningRateFactor;
    const drawn = batch.places.map((place) =>
      drawAugmentation(recipe, random(seed, 'augment', epoch, before * recipe.batchSize + place)),
    );
    const labelled = {
      ...batch,
      labels: Int32Array.from(batch.items, (photo) => classifier.classes.indexOf(photo.label)),
      crops: Int32Array.from(drawn.flatMap(({ crop }) => crop)),
      flips: Uint8Array.from(drawn, ({ flip }) => flip),
      ...(recipe.colourJitter > 0 && {
        colours: Float32Array.from(drawn.flatMap(({ colour }) => colour)),
      }),
    };
    const computing = performance.now();
    const options = stepOptionsOf(recipe, learningRate);
    const step = { epoch, index, learningRate, began, computing };
    if (together) {
      return { ...step, trained: () => together.trainStep(classifier, labelled, options) };
    }
    await classifier.startStep(labelled, options).catch((error) => {
      throw withNextStep(error, step);
    });
    return { ...step, trained: () => classifier.finishStep() };
  }

  /** The steps that were begun, but for so many. */
  async *#finishAll(left = 0): AsyncGenerator<GillnetEvent, void> {
    while (this.#begun.length > left) yield* this.#finish(this.#begun.shift() as BegunStep);
  }

  async *#finish(step: BegunStep): AsyncGenerator<GillnetEvent, void> {
    const { epoch, index, learningRate, began, computing } = step;
    const { loss, correct, count } = await step.trained().catch((error) => {
      throw withNextStep(error, step);
    });
    this.#progress = {
      ...this.#progress,
      steps: index + 1,
      lossSum: this.#progress.lossSum + loss * count,
      correct: this.#progress.correct + correct,
      photosSeen: this.#progress.photosSeen + count,
    };
    yield* this.#skipped.splice(0);
    // Of several ranks none could read a photo.
    if (count === 0) return;
    const now = performance.now();
    // A step that was begun beside another one takes its turn.
    const took = (from: number) => (now - Math.max(from, this.#finished)) / 1000;
    yield event('step', {
      ...{ epoch, step: index + 1, steps: this.#steps, loss, learningRate },
      accuracy: correct / count,
      imagesPerSecond: count / took(began),
      waitSeconds: (computing - began) / 1000,
      computeSeconds: took(computing),
      memory: process.memoryUsage.rss(),
    });
    this.#finished = now;
  }

  async *#validate(): AsyncGenerator<GillnetEvent, Judged> {
    const { classifier, recipe, val, readForJudging, signal, together } = this.#options;
    await together?.sameState(classifier);
    return yield* judge({
      ...{
        classifier,
        photos: val,
        read: readForJudging,
        size: recipe.imageSize,
        signal,
        together,
      },
      between: () => this.#honour(),
    });
  }

  async *#endEpoch(
    judged: Judged,
    began: number,
    trainSeconds: number,
  ): AsyncGenerator<GillnetEvent, void> {
    const { classifier } = this.#options;
    const { loss, accuracy, judgements } = judged;
    const worst = mostWrong(judged, classifier.classes, mostShown);
    yield* this.#pictures.of(worst.map(({ photo }) => photo));
    const { lossSum, correct, photosSeen, plan, epochs, best: before, history } = this.#progress;
    const epoch = epochs + 1;
    const best = !before || accuracy > before.valAccuracy;
    if (best) this.#best = await classifier.state();
    const ended = event('epoch', {
      ...{ epoch, epochs: plan.epochs, trainLoss: lossSum / photosSeen, valLoss: loss },
      ...{ trainAccuracy: correct / photosSeen, valAccuracy: accuracy },
      ...{ seconds: this.#secondsSince(began), best },
      imagesPerSecond: photosSeen / trainSeconds,
      classes: classAccuracies(judgements, classifier.classes),
      wrongest: worst.map(({ photo, predicted, confidence }) => ({
        ...{ photo: photo.key, label: photo.label, predicted, confidence },
      })),
    });
    this.#progress = {
      ...{ epochs: epoch, steps: 0, lossSum: 0, correct: 0, photosSeen: 0, plan },
      best: best ? { epoch, valAccuracy: accuracy } : before,
      history: [...history, ended],
    };
    yield* this.#keepCheckpointWhenDue();
    yield ended;
  }

  /**
   * Does what was asked since the last batch; while the training is paused, waits for more.
   * @param ended the epoch that it is told of has just ended, and no other has begun
   */
  async *#honour({ ended } = { ended: false }): AsyncGenerator<GillnetEvent, void> {
    const { signal } = this.#options;
    for (let paused = false; !signal?.aborted; ) {
      const request = this.#requests.take();
      if (!request) {
        if (!paused) return;
        const since = performance.now();
        await this.#requests.more(signal);
        this.#paused += performance.now() - since;
        continue;
      }
      if (request.kind === 'pause' || request.kind === 'resume') paused = request.kind === 'pause';
      const { epochs, steps, plan } = this.#progress;
      const at = ended ? { epoch: epochs, step: this.#steps } : { epoch: epochs + 1, step: steps };
      this.#progress = { ...this.#progress, plan: replan(plan, request, at.epoch) };
      if (request.kind === 'checkpoint') yield* this.#keeping(() => this.keepCheckpoint());
      yield event('asked', { ...at, ...request });
    }
  }

  async keepCheckpoint(): Promise<void> {
    const { classifier, keepCheckpoint } = this.#options;
    const model = await classifier.state();
    const optimizer = await classifier.optimizerState();
    await keepCheckpoint({ progress: this.#progress, model, optimizer, best: this.#best });
    this.#checkpointed = this.#now();
  }

  get #checkpointIsDue(): boolean {
    const { checkpointSeconds = defaultCheckpointSeconds } = this.#options;
    return this.#secondsSince(this.#checkpointed) >= checkpointSeconds;
  }

  async *#keepCheckpointWhenDue(): AsyncGenerator<GillnetEvent, void> {
    if (!this.#checkpointIsDue) return;
    yield* this.#keeping(() => this.keepCheckpoint());
  }

  /** A full disk must not end hours of training: the model itself may go elsewhere. */
  async *#keeping(work: () => Promise<void>): AsyncGenerator<GillnetEvent, void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof GillnetError) || error.code !== 'IO') throw error;
      this.#checkpointed = this.#now();
      yield event('warning', { code: error.code, message: `${error.message} Training goes on.` });
    }
  }

  /** Milliseconds of a clock that stands still while the training is paused. */
  #now(): number {
    return performance.now() - this.#paused;
  }

  #secondsSince(moment: number): number {
    return (this.#now() - moment) / 1000;
  }
}

/** What `work` gives, after which the network is what it was, and its optimiser fresh. */
async function unchanged<T>(classifier: Classifier, work: () => Promise<T>): Promise<T> {
  const before = await classifier.state();
  try {
    return await work();
  } finally {
    await classifier.setState(before);
    await classifier.setOptimizerState({});
  }
}

function noneReadable(): GillnetError {
  return new GillnetError(
    'NOT_ENOUGH_PHOTOS',
    'None of the training photos could be read. Is the data still where it was extracted from?',
  );
}

function withNextStep(
  error: unknown,
  { epoch, learningRate }: Pick<BegunStep, 'epoch' | 'learningRate'>,
): unknown {
  if (!(error instanceof GillnetError) || error.code !== 'NON_FINITE_LOSS') return error;
  return new GillnetError(
    error.code,
    `${error.message}. It was a step of epoch ${epoch} with learning rate ${learningRate}: train again with a lower \`--lr\`.`,
    { cause: error },
  );
}
