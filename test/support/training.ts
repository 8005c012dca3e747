import type { CatalogPhoto } from '../../lib/catalog/catalog.js';
import { Classifier } from '../../lib/model/classifier.js';
import type { Recipe } from '../../lib/model/recipe.js';
import type { NativeDevice, NativeState } from '../../lib/native.js';
import type { GillnetEvent } from '../../lib/pipeline/events.js';
import { fittingHead } from '../../lib/pipeline/head.js';
import type { Checkpoint } from '../../lib/pipeline/progress.js';
import { recipes } from '../../lib/pipeline/recipes.js';
import { type TrainOptions, train } from '../../lib/pipeline/train.js';
import { random } from '../../lib/random.js';
import { collect } from './events.js';
import { device, floatsOf } from './native.js';
import { photo } from './photos.js';
import { float32 } from './tensors.js';

/** A training of seconds, on photos whose brightness tells their label. */

export const size = 64;
export const classes = ['dark', 'light'];
export const recipe: Recipe = {
  ...recipes.scratch,
  epochs: 3,
  batchSize: 4,
  imageSize: size,
  decodeSize: size,
  learningRate: 1e-3,
};

/** `count` photos whose labels are the classes in turn. */
export const photosOf = (split: string, count: number) =>
  Array.from({ length: count }, (_, index) =>
    photo({ key: `${split}/${index}`, label: classes[index % 2] as string }),
  );

export const photos = photosOf('train', 14);
export const [val, trained] = [photos.slice(0, 4), photos.slice(4)];

/** Draws a photo whose brightness tells its label, with noise of its own. */
export async function read({ key, label }: CatalogPhoto): Promise<Uint8Array> {
  const noise = random(3, key);
  const base = label === 'dark' ? 20 : 180;
  return Uint8Array.from({ length: size * size * 3 }, () => base + noise.integer(60));
}

/** Draws a photo; one in four of validation looks like the other label. */
export function readOften(each: CatalogPhoto): Promise<Uint8Array> {
  const [split, index] = each.key.split('/');
  const other = split === 'val' && Number(index) % 8 < 2;
  const shown = other ? classes.find((label) => label !== each.label) : each.label;
  return read({ ...each, label: shown as string });
}

/**
 * A network whose batch norms have the statistics of the first eight of the photos, whose labels are the classes in turn, and
 * whose head tells those apart.
 */
export async function quicklyTrained(labelled: CatalogPhoto[]): Promise<Classifier> {
  const classifier = new Classifier({ classes, imageSize: size, seed: 1, device });
  const photos = labelled.slice(0, 8);
  const pixels = Buffer.concat(await Promise.all(photos.map(read)));
  const batch = { pixels, count: 8, height: size, width: size, labels: new Int32Array(8) };
  const factors = Float32Array.of(0, 0, 0, 0, 0, 1);
  await classifier.trainStep(batch, { learningRate: 0, factors });
  // The step has moved the statistics by a tenth from 0 and 1 to the batch's.
  const state = await classifier.state();
  const names = Object.keys(state).filter((name) => /running_(mean|var)$/.test(name));
  const seen = names.map((name) => {
    const kept = name.endsWith('var') ? 0.9 : 0;
    const values = floatsOf(state, name).map((value) => 10 * (value - kept));
    return [name, float32([values.length], values)] as const;
  });
  await classifier.setState(Object.fromEntries(seen));
  await collect(fittingHead({ classifier, photos, read, size, penalty: 1 }));
  return classifier;
}

export interface Outcome {
  events: GillnetEvent[];
  interrupted: boolean;
  state: NativeState;
  best: NativeState | null;
  checkpoint: Checkpoint | null;
}

export async function training(
  changes: Partial<TrainOptions> = {},
  onEvent: (event: GillnetEvent) => void = () => {},
  on: NativeDevice = device,
): Promise<Outcome> {
  const classifier = new Classifier({
    classes,
    imageSize: size,
    seed: 1,
    optimizer: recipe.optimizer,
    device: on,
  });
  let checkpoint: Checkpoint | null = null;
  try {
    const options: TrainOptions = {
      classifier,
      train: trained,
      val,
      readForTraining: read,
      readForJudging: read,
      recipe,
      seed: 1,
      keepCheckpoint: async (kept) => {
        checkpoint = kept;
      },
      ...changes,
    };
    const { events, result } = await collect(train(options), onEvent);
    return {
      events,
      interrupted: result.interrupted,
      state: await classifier.state(),
      best: result.weights,
      checkpoint,
    };
  } finally {
    classifier.dispose();
  }
}

let undisturbed: Promise<Outcome> | undefined;
/** The training that nothing disturbs, which is held against others. */
export function wholeTraining(): Promise<Outcome> {
  undisturbed ??= training();
  return undisturbed;
}
