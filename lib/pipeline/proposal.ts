import type { Inbox } from '../inbox.js';
import type { Architecture } from '../model/architecture.js';
import type { Device } from '../model/device.js';
import type { Recipe } from '../model/recipe.js';
import { type RecipeChoice, suits } from './recipes.js';

/** What a person settles before a training begins. */

export interface Choice extends RecipeChoice {
  architecture: Architecture;
  /** `none`, or what `loadWeights` takes. */
  weights: string;
  device: Device;
}

/** Begun from other weights; a recipe that can't begin from them gives way to the one that is made for them. */
export function withWeights(choice: Choice, weights: string): Choice {
  const { recipe } = choice;
  const keeps = recipe && suits(recipe, weights !== 'none');
  return { ...choice, weights, recipe: keeps ? recipe : undefined };
}

/** From a person who looks at a proposal. */
export type Answer =
  /** To measure what this would take. */
  | { kind: 'measure'; choice: Choice }
  /** To train so. */
  | { kind: 'start'; choice: Choice };

export type Answers = Inbox<Answer>;

/** Photos that take part, of one class. */
export interface ClassCount {
  label: string;
  train: number;
  val: number;
  test: number;
}

/** What a training is made of, in seconds, measured on the machine. */
export interface Timing {
  /** Training on one batch, its photos at hand. */
  step: number;
  /** Judging one photo. */
  judgement: number;
  /** Reading and decoding one photo. */
  reading: number;
}

/**
 * Seconds of a training, without its keeping of models.
 * @param photos how many train and validate
 * @param held whether all of them stay in memory once they are read
 */
export function estimate(
  { step, judgement, reading }: Timing,
  photos: { train: number; val: number; held: boolean },
  recipe: Pick<Recipe, 'epochs' | 'batchSize' | 'headPenalty'>,
): number {
  const { train, val, held } = photos;
  const { epochs, batchSize, headPenalty } = recipe;
  const read = (train + val) * reading * (held ? 1 : epochs);
  const head = headPenalty === null ? 0 : (train + val) * judgement;
  return read + head + epochs * ((train / batchSize) * step + val * judgement);
}
