// What each setting of recipe quick is worth: the recipe with one of them changed, over several seeds, by validation
// alone; no test photo is read.
//   node dist/bench/recipes.js --data FOLDER --weights FILE [--seeds 5] [--variants 'quick,no head first']
// A line of JSON for each training, and a table at the end.

import { parseArgs } from 'node:util';
import type { CatalogPhoto } from '../lib/catalog/catalog.js';
import { partition } from '../lib/commands/training/partition.js';
import { mean } from '../lib/metrics/arithmetic.js';
import { Classifier, setThreads } from '../lib/model/classifier.js';
import type { Recipe } from '../lib/model/recipe.js';
import { fitWeights, loadWeights } from '../lib/model/weights.js';
import { PixelCache } from '../lib/photos/cache.js';
import { PhotoReader } from '../lib/photos/reader.js';
import type { GillnetEvent } from '../lib/pipeline/events.js';
import { recipes } from '../lib/pipeline/recipes.js';
import { train } from '../lib/pipeline/train.js';
import { openStore } from '../lib/store/open.js';
import { keptPhotos } from './kept-photos.js';

const all: Recipe['factors'] = [1, 1, 1, 1, 1, 1];
const variants: Record<string, Partial<Recipe>> = {
  quick: {},
  'no head first': { headPenalty: null },
  'nothing frozen': { factors: all },
  'stem and layer1 frozen': { factors: [0, 0, 1, 1, 1, 1] },
  'all but layer4 and head frozen': { factors: [0, 0, 0, 0, 1, 1] },
  'rates halved each layer down': {
    factors: [1 / 16, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1],
  },
  'statistics of the batch': { frozenStatistics: false },
  'learning rate 3e-5': { learningRate: 3e-5 },
  'learning rate 3e-4': { learningRate: 3e-4 },
  'no label smoothing': { labelSmoothing: 0 },
  'no colour jitter': { colourJitter: 0 },
  'no crops': { cropScale: 1 },
  'crops of 60 % at least': { cropScale: 0.6 },
  'crops cut from 224²': { decodeSize: 224 },
  'trained at 160² out of 256² and judged at 192²': {
    trainSize: 160,
    decodeSize: 256,
    imageSize: 192,
  },
  'trained at 224² and judged at 256²': { trainSize: 224, imageSize: 256 },
  'judged at 192²': { imageSize: 192 },
  'judged at 256²': { imageSize: 256 },
  '3 epochs': { epochs: 3 },
  '12 epochs': { epochs: 12 },
};

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    weights: { type: 'string' },
    seeds: { type: 'string', default: '5' },
    variants: { type: 'string', default: Object.keys(variants).join() },
  },
});
if (!flags.data || !flags.weights) throw new Error('--data FOLDER or --weights FILE is missing');

interface Outcome {
  variant: string;
  seed: number;
  /** Of validation: with the head alone, at the best epoch, and after the last. */
  head: number | null;
  best: number;
  last: number;
  lastLoss: number;
  /** Of the training. */
  seconds: number;
}

setThreads(undefined);
const { state } = await loadWeights(flags.weights);
const store = await openStore(flags.data);
const reader = new PhotoReader(store, new PixelCache(2e9));
const photos = await keptPhotos(store);
const outcomes: Outcome[] = [];
const wanted = flags.variants.split(',');
const unknown = wanted.find((variant) => !Object.hasOwn(variants, variant));
if (unknown !== undefined)
  throw new Error(`no variant ${unknown}; expected ${Object.keys(variants).join(', ')}`);
for (const variant of wanted) {
  const changes = variants[variant];
  for (let seed = 1; seed <= Number(flags.seeds); seed += 1) {
    const outcome = await trained(variant, { ...recipes.quick, ...changes }, seed);
    outcomes.push(outcome);
    console.log(JSON.stringify(outcome));
  }
}
console.log(table());

async function trained(variant: string, recipe: Recipe, seed: number): Promise<Outcome> {
  const {
    train: trains,
    val,
    classes,
  } = partition(photos, { validation: 'split', valFraction: 0.2 }, seed);
  const { imageSize, decodeSize, optimizer } = recipe;
  const classifier = new Classifier({ classes, imageSize, seed, optimizer });
  await classifier.setState(fitWeights(state, await classifier.state()));
  const epochs: GillnetEvent<'epoch'>[] = [];
  const began = performance.now();
  const training = train({
    ...{ classifier, train: trains, val, recipe, seed },
    readForTraining: (photo: CatalogPhoto) => reader.pixels(photo, decodeSize),
    readForJudging: (photo: CatalogPhoto) => reader.pixels(photo, imageSize),
    checkpointSeconds: Number.POSITIVE_INFINITY,
    keepCheckpoint: async () => {},
  });
  for await (const event of training) if (event.type === 'epoch') epochs.push(event);
  const seconds = (performance.now() - began) / 1000;
  classifier.dispose();
  const [first] = epochs;
  const last = epochs.at(-1);
  if (!first || !last) throw new Error('no epoch was trained');
  return {
    ...{ variant, seed, head: first.epoch === 0 ? first.valAccuracy : null, seconds },
    best: Math.max(...epochs.map(({ valAccuracy }) => valAccuracy)),
    ...{ last: last.valAccuracy, lastLoss: last.valLoss },
  };
}

/** Means over the seeds, and the standard deviation of the last epoch's accuracy. */
function table(): string {
  const rows = [...new Set(outcomes.map(({ variant }) => variant))].map((variant) => {
    const of = outcomes.filter((outcome) => outcome.variant === variant);
    const average = (value: (outcome: Outcome) => number) => mean(of.map(value)) ?? 0;
    const last = average((outcome) => outcome.last);
    const deviation = Math.sqrt(
      of.reduce((sum, outcome) => sum + (outcome.last - last) ** 2, 0) / Math.max(1, of.length - 1),
    );
    const percent = (share: number) => (100 * share).toFixed(1);
    return [
      ...[variant, `${percent(last)} ± ${percent(deviation)}`],
      percent(average(({ best }) => best)),
      average(({ lastLoss }) => lastLoss).toFixed(3),
      `${average(({ seconds }) => seconds).toFixed(0)} s`,
      of.length,
    ].join(' | ');
  });
  return [
    'variant | last % | best % | loss | time | seeds',
    '--- | --- | --- | --- | --- | ---',
    ...rows,
  ].join('\n');
}
