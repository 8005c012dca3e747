import type { CatalogPhoto } from '../catalog/catalog.js';
import { GillnetError } from '../errors.js';
import type { Classifier } from '../model/classifier.js';
import type { Recipe } from '../model/recipe.js';
import type { NativeBatch, NativeTrained } from '../native.js';
import type { PhotoBatch } from '../photos/batches.js';
import { random } from '../random.js';
import { drawAugmentation } from './augment.js';
import { event, type GillnetEvent } from './events.js';
import { labelsOf } from './judge.js';
import { stepOptionsOf } from './recipes.js';
import type { Together } from './together.js';

export interface StepsOptions {
  classifier: Classifier;
  recipe: Recipe;
  seed: number;
  /** Of an epoch. */
  steps: number;
  together?: Together | undefined;
}

/** Where in a training a step is. */
export interface StepPlace {
  epoch: number;
  /** Within the epoch, from 0. */
  index: number;
  /** Of the batch's first photo, among the epoch's. */
  offset: number;
  learningRate: number;
  /** When the training began to wait for the batch. */
  began: number;
}

export interface FinishedStep {
  /** Within the epoch, from 0. */
  index: number;
  trained: NativeTrained;
  /** Null where no rank could read a photo. */
  told: GillnetEvent<'step'> | null;
}

interface BegunStep extends StepPlace {
  /** When the training had the batch. */
  computing: number;
  /** Waits for it. */
  trained: () => Promise<NativeTrained>;
}

/** The steps of a training, several of which may be under way, in their order. */
export class Steps {
  /** How many are begun before the first of them has ended: a card is never to wait for the next. */
  readonly ahead: number;
  #options: StepsOptions;
  #begun: BegunStep[] = [];
  /** When a step last ended. */
  #finished = 0;

  constructor(options: StepsOptions) {
    this.#options = options;
    this.ahead = options.classifier.device === 'cpu' || options.together ? 0 : 1;
  }

  /** How many are under way. */
  get begun(): number {
    return this.#begun.length;
  }

  async begin(batch: PhotoBatch<CatalogPhoto>, place: StepPlace): Promise<void> {
    const { classifier, recipe, together } = this.#options;
    const augmented = this.#augmented(batch, place);
    const step = { ...place, computing: performance.now() };
    const options = stepOptionsOf(recipe, place.learningRate);
    let trained = () => classifier.finishStep();
    if (together) trained = () => together.trainStep(classifier, augmented, options);
    else {
      await classifier.startStep(augmented, options).catch((error) => {
        throw withNextStep(error, place);
      });
    }
    this.#begun.push({ ...step, trained });
  }

  /** Those that were begun, but for so many. */
  async *finish(left = 0): AsyncGenerator<FinishedStep, void> {
    while (this.#begun.length > left)
      yield await this.#finishFirst(this.#begun.shift() as BegunStep);
  }

  async #finishFirst(step: BegunStep): Promise<FinishedStep> {
    const { epoch, index, learningRate, began, computing } = step;
    const trained = await step.trained().catch((error) => {
      throw withNextStep(error, step);
    });
    const { loss, correct, count } = trained;
    if (count === 0) return { index, trained, told: null };
    const now = performance.now();
    // A step that was begun beside another one takes its turn.
    const took = (from: number) => (now - Math.max(from, this.#finished)) / 1000;
    const told = event('step', {
      ...{ epoch, step: index + 1, steps: this.#options.steps, loss, learningRate },
      accuracy: correct / count,
      imagesPerSecond: count / took(began),
      waitSeconds: (computing - began) / 1000,
      computeSeconds: took(computing),
      memory: process.memoryUsage.rss(),
    });
    this.#finished = now;
    return { index, trained, told };
  }

  /** Each photo's crop, flip and colours hang on the seed, the epoch and its place alone. */
  #augmented(batch: PhotoBatch<CatalogPhoto>, { epoch, offset }: StepPlace): NativeBatch {
    const { classifier, recipe, seed } = this.#options;
    const drawn = batch.places.map((place) =>
      drawAugmentation(recipe, random(seed, 'augment', epoch, offset + place)),
    );
    return {
      ...batch,
      labels: labelsOf(batch.items, classifier.classes),
      crops: Int32Array.from(drawn.flatMap(({ crop }) => crop)),
      flips: Uint8Array.from(drawn, ({ flip }) => flip),
      ...(recipe.colourJitter > 0 && {
        colours: Float32Array.from(drawn.flatMap(({ colour }) => colour)),
      }),
    };
  }
}

function withNextStep(error: unknown, { epoch, learningRate }: StepPlace): unknown {
  if (!(error instanceof GillnetError) || error.code !== 'NON_FINITE_LOSS') return error;
  return new GillnetError(
    error.code,
    `${error.message}. It was a step of epoch ${epoch} with learning rate ${learningRate}: train again with a lower \`--lr\`.`,
    { cause: error },
  );
}
