// Long, because what an epoch is made of, and what may happen between two batches, is read in one place.
import type { CatalogPhoto } from '../catalog/catalog.js';
import { codeOf, GillnetError, messageOf } from '../errors.js';
import { classAccuracies } from '../metrics/judgement.js';
import type { Classifier } from '../model/classifier.js';
import type { Recipe } from '../model/recipe.js';
import type { NativeState } from '../native.js';
import { batches } from '../photos/batches.js';
import { random } from '../random.js';
import { Checkpointing } from './checkpointing.js';
import { Clock } from './clock.js';
import { event, type GillnetEvent } from './events.js';
import type { Features } from './features.js';
import { fittingIntoTime } from './fit-into-time.js';
import { fittingHead } from './head.js';
import { decodeAhead, type Judged, judge, type ReadPixels } from './judge.js';
import { mostWrong } from './mistakes.js';
import { Pictures } from './pictures.js';
import type { Checkpoint, Spent, TrainProgress } from './progress.js';
import { learningRateAt } from './recipes.js';
import { Requests, replan } from './requests.js';
import { Steps } from './steps.js';
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

/** Of the photos that the model gets most wrong in an epoch. */
const mostShown = 10;

const noTime: Spent = { all: 0, training: 0 };
/** Of an epoch that begins. */
const noSteps = { steps: 0, lossSum: 0, correct: 0, photosSeen: 0 };

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
    if (codeOf(error) === 'RANK_LOST') await training.checkpointing.keep().catch(() => {});
    throw error;
  }
}

class Training {
  #options: TrainOptions;
  #progress: TrainProgress;
  #best: NativeState | null;
  #requests: Requests;
  #steps: Steps;
  #stepsOfEpoch: number;
  #skipped: GillnetEvent[] = [];
  #pictures: Pictures;
  #clock = new Clock();
  /** On the epoch under way, in earlier processes too. */
  #spent = () => noTime;
  readonly checkpointing: Checkpointing;

  constructor(options: TrainOptions) {
    const { recipe, train, resume, requests = new Requests() } = options;
    this.#options = options;
    this.#requests = requests;
    this.#pictures = options.pictures ?? new Pictures();
    this.#best = resume?.best ?? null;
    this.#stepsOfEpoch = Math.ceil(train.length / recipe.batchSize);
    this.#steps = new Steps({ ...options, steps: this.#stepsOfEpoch });
    const keep = () => this.#keepCheckpoint();
    this.checkpointing = new Checkpointing(keep, this.#clock, options.checkpointSeconds);
    this.#progress = {
      ...{ epochs: recipe.headPenalty === null ? 0 : -1, ...noSteps, best: null, history: [] },
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
      const { all, training } = this.#progress.spent ?? noTime;
      const began = this.#clock.seconds;
      const since = () => this.#clock.seconds - began;
      let trained: number | null = null;
      this.#spent = () => ({ all: all + since(), training: training + (trained ?? since()) });
      if (this.#progress.epochs < 0) yield* this.#fitHead();
      else yield* this.#trainEpoch();
      trained = since();
      const validation = signal?.aborted ? null : yield* this.#validate();
      if (signal?.aborted || !validation) {
        await this.checkpointing.keep();
        return this.#result(true);
      }
      yield* this.#endEpoch(validation);
      yield* this.#honour({ ended: true });

      const { epochs, plan } = this.#progress;
      const next = this.#clock.seconds + all + since();
      const isBetween = epochs > 0 && epochs < plan.epochs;
      if (maxSeconds && isBetween && (await this.#first(next)) > maxSeconds) {
        yield event('warning', {
          code: 'TIME_IS_UP',
          message: `Stopped after epoch ${epochs}: another one would not fit into ${maxSeconds / 60} minutes.`,
        });
        break;
      }
    }
    // What follows, such as writing the model, can fail: the run can then go on from here.
    yield* this.checkpointing.tryToKeep();
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
      if (codeOf(cause) !== 'INVALID_ARGUMENT') throw cause;
      const message = `The checkpoint is of another network: ${messageOf(cause)}.`;
      throw new GillnetError('CANNOT_RESUME', message, { cause });
    }
  }

  /**
   * Plans as many epochs as fit into the time that is left, before the first one: the schedule of the learning rate is
   * laid over what is trained. Without a head of its own it trains one at least.
   */
  async *#fitInto(maxSeconds: number): AsyncGenerator<GillnetEvent, void> {
    const { train: photos, readForTraining: read, together } = this.#options;
    const { plan, best } = this.#progress;
    const fitting = {
      ...this.#options,
      ...{ photos, read, ranks: together?.ranks.size ?? 1 },
      left: () => maxSeconds - this.#clock.seconds,
      ...{ epochs: plan.epochs, least: best ? 0 : 1 },
    };
    const fits = yield* this.#alone(() => fittingIntoTime(fitting));
    const epochs = await this.#first(fits);
    if (epochs !== null) this.#progress.plan = { ...plan, epochs, scheduledEpochs: epochs };
  }

  /** What one rank does, in place of all; null on the others. */
  #alone<T>(work: () => AsyncGenerator<GillnetEvent, T>): AsyncGenerator<GillnetEvent, T | null> {
    return this.#options.together?.alone(work) ?? work();
  }

  /** What holds on all ranks: the first one's. */
  async #first<T>(value: T): Promise<T> {
    return this.#options.together?.ranks.first(value) ?? value;
  }

  /** Epoch 0: the head alone. */
  async *#fitHead(): AsyncGenerator<GillnetEvent, void> {
    const { train: photos, readForJudging: read, recipe, signal } = this.#options;
    const { imageSize: size, headPenalty: penalty } = recipe;
    if (penalty === null) return;
    const fitting = { ...this.#options, photos, read, size, penalty };
    const fitted = yield* this.#alone(() => fittingHead(fitting));
    if (signal?.aborted) return;
    const fit = await this.#first(fitted);
    if (!fit) throw noneReadable();
    const { photos: photosSeen, loss, correct } = fit;
    Object.assign(this.#progress, { lossSum: loss * photosSeen, correct, photosSeen });
  }

  /** The rest of the epoch under way. */
  async *#trainEpoch(): AsyncGenerator<GillnetEvent, void> {
    const { recipe, seed, signal, readForTraining, together } = this.#options;
    const { batchSize, decodeSize } = recipe;
    const epoch = this.#progress.epochs + 1;
    const order = random(seed, 'order', epoch).shuffle(this.#options.train);
    const loading = {
      ...{ read: readForTraining, batchSize, size: decodeSize, ahead: decodeAhead, signal },
      share: together?.ranks,
      onSkipped: (photo: CatalogPhoto, { message: reason }: Error) =>
        this.#skipped.push(event('skipped', { photo: photo.key, reason })),
    };
    const before = this.#progress.steps;
    let began = performance.now();
    for await (const batch of batches(order.slice(before * batchSize), loading)) {
      const index = before + batch.index;
      const learningRate = this.#learningRateAt(index);
      const offset = before * batchSize;
      await this.#steps.begin(batch, { epoch, index, offset, learningRate, began });
      if (this.#steps.begun > this.#steps.ahead) {
        yield* this.#finish(this.#steps.ahead);
        await together?.agree();
        if (signal?.aborted) break;
        // What is asked for, or kept, is of the steps that were told.
        if (!this.#requests.isEmpty || this.checkpointing.isDue) yield* this.#finish();
        yield* this.#honour();
        yield* this.checkpointing.keepWhenDue();
      }
      began = performance.now();
    }
    yield* this.#finish();
    yield* this.#skipped.splice(0);
    if (this.#progress.photosSeen === 0 && !signal?.aborted) throw noneReadable();
  }

  /** Of a step of the epoch under way. */
  #learningRateAt(step: number): number {
    const { epochs, plan } = this.#progress;
    const steps = this.#stepsOfEpoch;
    const share = (epochs * steps + step) / (plan.scheduledEpochs * steps);
    return learningRateAt(this.#options.recipe, share) * plan.learningRateFactor;
  }

  /** The steps that were begun, but for so many. */
  async *#finish(left = 0): AsyncGenerator<GillnetEvent, void> {
    for await (const { index, trained, told } of this.#steps.finish(left)) {
      const progress = this.#progress;
      progress.steps = index + 1;
      progress.lossSum += trained.loss * trained.count;
      progress.correct += trained.correct;
      progress.photosSeen += trained.count;
      yield* this.#skipped.splice(0);
      if (told) yield told;
    }
  }

  async *#validate(): AsyncGenerator<GillnetEvent, Judged> {
    const { classifier, val: photos, readForJudging: read, recipe, together } = this.#options;
    await together?.sameState(classifier);
    const judging = { ...this.#options, photos, read, size: recipe.imageSize };
    return yield* judge({ ...judging, between: () => this.#honour() });
  }

  async *#endEpoch(judged: Judged): AsyncGenerator<GillnetEvent, void> {
    const { classifier } = this.#options;
    const { loss, accuracy, judgements } = judged;
    const worst = mostWrong(judgements, classifier.classes, mostShown);
    yield* this.#pictures.of(worst.map(({ photo }) => photo));
    const { lossSum, correct, photosSeen, plan, epochs, best: before, history } = this.#progress;
    const epoch = epochs + 1;
    const best = !before || accuracy > before.valAccuracy;
    if (best) this.#best = await classifier.state();
    const { all: seconds, training } = this.#spent();
    const ended = event('epoch', {
      ...{ epoch, epochs: plan.epochs, trainLoss: lossSum / photosSeen, valLoss: loss },
      ...{ trainAccuracy: correct / photosSeen, valAccuracy: accuracy },
      ...{ seconds, best, imagesPerSecond: photosSeen / training },
      classes: classAccuracies(judgements, classifier.classes),
      wrongest: worst.map(({ photo, predicted, confidence }) => ({
        ...{ photo: photo.key, label: photo.label, predicted, confidence },
      })),
    });
    this.#progress = {
      ...{ epochs: epoch, ...noSteps, plan },
      best: best ? { epoch, valAccuracy: accuracy } : before,
      history: [...history, ended],
    };
    this.#spent = () => noTime;
    yield* this.checkpointing.keepWhenDue();
    yield ended;
  }

  /**
   * Does what was asked since the last batch; while the training is paused, waits for more.
   * @param ended the epoch that it is told of has just ended, and no other has begun
   */
  async *#honour({ ended } = { ended: false }): AsyncGenerator<GillnetEvent, void> {
    const { signal, together } = this.#options;
    for (let paused = false; !signal?.aborted; ) {
      const request = this.#requests.take();
      if (!request) {
        if (!paused) return;
        await this.#clock.pausedBy(together?.more() ?? this.#requests.more(signal));
        continue;
      }
      if (request.kind === 'pause' || request.kind === 'resume') paused = request.kind === 'pause';
      const { epochs, steps, plan } = this.#progress;
      const at = ended
        ? { epoch: epochs, step: this.#stepsOfEpoch }
        : { epoch: epochs + 1, step: steps };
      this.#progress.plan = replan(plan, request, at.epoch);
      if (request.kind === 'checkpoint') yield* this.checkpointing.tryToKeep();
      yield event('asked', { ...at, ...request });
    }
  }

  async #keepCheckpoint(): Promise<void> {
    const { classifier, keepCheckpoint } = this.#options;
    const model = await classifier.state();
    const optimizer = await classifier.optimizerState();
    const progress = { ...this.#progress, spent: this.#spent() };
    await keepCheckpoint({ progress, model, optimizer, best: this.#best });
  }
}

function noneReadable(): GillnetError {
  return new GillnetError(
    'NOT_ENOUGH_PHOTOS',
    'None of the training photos could be read. Is the data still where it was extracted from?',
  );
}
