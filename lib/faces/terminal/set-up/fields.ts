import { type Architecture, architectures, parametersOf } from '../../../model/architecture.js';
import type { Recipe } from '../../../model/recipe.js';
import type { GillnetEvent } from '../../../pipeline/events.js';
import { type Choice, withWeights } from '../../../pipeline/proposal.js';
import { type RecipeName, recipeOf, recipes, suits } from '../../../pipeline/recipes.js';
import { plural } from '../../format.js';
import { around } from '../keys.js';

/** What a person can choose before a training, one row each. */

export interface Field {
  label: string;
  show(recipe: Recipe, choice: Choice): string;
  /** What there is to know of the value. */
  about(recipe: Recipe, choice: Choice, proposed: Proposed): string;
  /** The value `by` places further. */
  turn(recipe: Recipe, choice: Choice, by: number, proposed: Proposed): Partial<Choice>;
  /** The value that a text means, or what was expected instead; only for numbers. */
  read?: (text: string) => Partial<Choice> | string;
  /** Left to the recipe again. */
  unset?: Partial<Choice>;
}

type Proposed = GillnetEvent<'proposed'>;

const aboutRecipes: Record<RecipeName, string> = {
  quick: 'the best in the least time, on pretrained weights',
  classic: 'the original: fine-tunes all of a pretrained network',
  scratch: 'small input and crops, for random weights',
};

const largestRate = 10;
const sizes = [64, 96, 128, 160, 192, 224, 256, 288, 320, 384, 448, 512, 640, 768, 1024];
const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
const rates = [-6, -5, -4, -3, -2, -1].flatMap((power) =>
  [1, 2, 5].map((digit) => Number(`${digit}e${power}`)),
);

export const recipeFor = (choice: Choice): Recipe => recipeOf(choice, choice.weights !== 'none');

export const fields: Field[] = [
  {
    label: 'recipe',
    show: ({ name }) => name,
    about: ({ name }, { weights }) =>
      name === 'classic' && weights === 'none'
        ? 'learns slowly from random weights; scratch is made for them'
        : aboutRecipes[name as RecipeName],
    turn: ({ name }, { weights }, by) => ({
      recipe: around(
        (Object.keys(recipes) as RecipeName[]).filter((each) => suits(each, weights !== 'none')),
        name as RecipeName,
        by,
      ),
    }),
    unset: { recipe: undefined },
  },
  {
    label: 'weights',
    show: (_, { weights }) => weights,
    about: (_, choice, { weights }) =>
      weights.find(({ source }) => source === choice.weights)?.about[choice.architecture] ?? '',
    turn: (_, choice, by, { weights }) => {
      const sources = weights.map(({ source }) => source);
      return withWeights(choice, around(sources, choice.weights, by));
    },
  },
  wholeNumber('epochs', 'epochs', '', [1, 10_000], (epochs, by) =>
    Math.max(1, Math.min(10_000, epochs + by)),
  ),
  wholeNumber('batch size', 'batchSize', 'photos a step', [1, 4096], (size, by) =>
    along(batchSizes, size, by),
  ),
  wholeNumber(
    'image size',
    'imageSize',
    'pixels, the edge of what the network sees',
    [64, 1024],
    (size, by) => along(sizes, size, by),
  ),
  {
    label: 'learning rate',
    show: ({ learningRate }) => String(learningRate),
    about: ({ schedule, optimizer }) => `${schedule}, ${optimizer.algorithm}`,
    turn: ({ learningRate }, _, by) => ({ lr: along(rates, learningRate, by) }),
    read: (text) => {
      const lr = Number(text);
      return lr > 0 && lr <= largestRate
        ? { lr }
        : `expected a number above 0, at most ${largestRate}, such as 0.001`;
    },
    unset: { lr: undefined },
  },
  {
    label: 'network',
    show: (_, { architecture }) => architecture,
    about: (_, { architecture }) =>
      `${Math.round(parametersOf(architecture) / 1e6)} million parameters`,
    turn: (_, { architecture }, by) => ({
      architecture: around(Object.keys(architectures) as Architecture[], architecture, by),
    }),
  },
  {
    label: 'device',
    show: (_, { device }) => device,
    about: (_, { device }, { devices, threads }) =>
      `${device === 'auto' ? `${devices.at(-1)}, ` : ''}${plural(threads, 'thread')}`,
    turn: (_, { device }, by, { devices }) => ({
      device: around(devices, device, by),
    }),
  },
];

/** The next values above or below, up to the ends. */
function along(values: number[], value: number, by: number): number {
  const further = values.filter((other) => (by > 0 ? other > value : other < value));
  if (by < 0) further.reverse();
  return further[Math.min(Math.abs(by), further.length) - 1] ?? value;
}

/** A number of the recipe. @param further the one `by` places further */
function wholeNumber(
  label: string,
  name: 'epochs' | 'batchSize' | 'imageSize',
  about: string,
  [from, to]: [number, number],
  further: (value: number, by: number) => number,
): Field {
  return {
    label,
    show: (recipe) => String(recipe[name]),
    about: () => about,
    turn: (recipe, _, by) => ({ [name]: further(recipe[name], by) }),
    read(text) {
      const value = Number(text);
      return Number.isInteger(value) && value >= from && value <= to
        ? { [name]: value }
        : `expected a whole number from ${from} to ${to}`;
    },
    unset: { [name]: undefined },
  };
}
