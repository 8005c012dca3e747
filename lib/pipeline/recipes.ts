import { GillnetError } from '../errors.js';
import type { Recipe } from '../model/recipe.js';
import type { NativeStepOptions } from '../native.js';

/** All of a network alike, its batch norms by each batch, and photos in their own colours. */
const plain = {
  factors: [1, 1, 1, 1, 1, 1],
  headPenalty: null,
  frozenStatistics: false,
  colourJitter: 0,
} satisfies Partial<Recipe>;

export const recipes = {
  /** The best in the least time: docs/recipes.md has what each of its settings is worth. */
  quick: {
    name: 'quick',
    epochs: 6,
    batchSize: 32,
    imageSize: 224,
    trainSize: 192,
    decodeSize: 320,
    optimizer: { algorithm: 'adamw', weightDecay: 0.05 },
    learningRate: 1e-4,
    factors: [0, 0, 0, 1, 1, 1],
    schedule: 'one-cycle',
    headPenalty: 300,
    frozenStatistics: true,
    labelSmoothing: 0.1,
    flip: 0.5,
    colourJitter: 0.2,
    cropScale: 0.35,
  },
  /** The original service: fine-tunes all of an ImageNet network. */
  classic: {
    ...plain,
    name: 'classic',
    epochs: 20,
    batchSize: 16,
    imageSize: 224,
    trainSize: 224,
    decodeSize: 224,
    optimizer: { algorithm: 'adam' },
    learningRate: 1e-3,
    schedule: 'constant',
    labelSmoothing: 0,
    flip: 0.5,
    cropScale: 1,
  },
  /** From random weights: small input, so that many more epochs fit into the same time. */
  scratch: {
    ...plain,
    name: 'scratch',
    epochs: 20,
    batchSize: 32,
    imageSize: 64,
    trainSize: 64,
    decodeSize: 72,
    optimizer: { algorithm: 'adamw', weightDecay: 0.05 },
    learningRate: 2e-3,
    schedule: 'one-cycle',
    // 0.1 was right on 1 or 2 test photos of 120 more, and its confidences were 9 to 12 % off instead of 3 %.
    labelSmoothing: 0,
    flip: 0.5,
    cropScale: 0.5,
  },
} satisfies Record<string, Recipe>;

export type RecipeName = keyof typeof recipes;

/** What may be settled of a recipe; undefined leaves it to the recipe. */
export interface RecipeChoice {
  /** Undefined means `quick` on pretrained weights and `scratch` on random ones. */
  recipe?: RecipeName | undefined;
  epochs?: number | undefined;
  /** `auto` leaves it to the recipe until it is measured. */
  batchSize?: number | 'auto' | undefined;
  lr?: number | undefined;
  imageSize?: number | undefined;
}

/** Whether a recipe can begin from pretrained weights, or from random ones. */
export function suits(name: RecipeName, pretrained: boolean): boolean {
  return pretrained || recipes[name].headPenalty === null;
}

/** @throws GillnetError USAGE for a recipe that needs pretrained weights where there are none */
export function recipeOf(choice: RecipeChoice, pretrained: boolean): Recipe {
  const name = choice.recipe ?? (pretrained ? 'quick' : 'scratch');
  const recipe: Recipe = recipes[name];
  if (!suits(name, pretrained)) {
    throw new GillnetError(
      'USAGE',
      `The recipe ${name} fine-tunes pretrained weights, and there are none: give a file with \`--weights FILE\`, or ` +
        'train from random ones with `--recipe scratch`.',
    );
  }
  const imageSize = choice.imageSize ?? recipe.imageSize;
  const { batchSize } = choice;
  const scaled = (edge: number) => Math.round((imageSize * edge) / recipe.imageSize);
  return {
    ...recipe,
    epochs: choice.epochs ?? recipe.epochs,
    batchSize: typeof batchSize === 'number' ? batchSize : recipe.batchSize,
    learningRate: choice.lr ?? recipe.learningRate,
    imageSize,
    // A network has five halvings.
    trainSize: Math.max(32, scaled(recipe.trainSize)),
    decodeSize: scaled(recipe.decodeSize),
  };
}

/**
 * The recipe with batches of another size, and the learning rate that suits them: for Adam by the square root (Malladi et
 * al. 2022, arXiv:2205.10287).
 */
export function withBatches(recipe: Recipe, batchSize: number): Recipe {
  const factor = Math.sqrt(batchSize / recipe.batchSize);
  return { ...recipe, batchSize, learningRate: recipe.learningRate * factor };
}

/** What the addon is told of one step. */
export function stepOptionsOf(recipe: Recipe, learningRate: number): NativeStepOptions {
  const { labelSmoothing, frozenStatistics, trainSize: imageSize } = recipe;
  const factors = Float32Array.from(recipe.factors);
  return { learningRate, labelSmoothing, frozenStatistics, imageSize, factors };
}

/**
 * Learning rate of a step. `one-cycle` warms up over the first 30 % of the run and falls to zero,
 * both along a cosine, as PyTorch's OneCycleLR does (Smith & Topin 2018, arXiv:1708.07120).
 * @param progress share of the run's steps that are done, 0…1
 */
export function learningRateAt(recipe: Recipe, progress: number): number {
  if (recipe.schedule === 'constant') return recipe.learningRate;
  const warmUp = 0.3;
  const cosine = (from: number, to: number, share: number) =>
    to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
  return progress < warmUp
    ? cosine(recipe.learningRate / 25, recipe.learningRate, progress / warmUp)
    : cosine(recipe.learningRate, 0, (progress - warmUp) / (1 - warmUp));
}
