import type { GillnetEvent } from '../pipeline/events.js';
import type { Entry } from './delivery.js';
import { param, tag } from './keys.js';

/** What a run's config.json says; nothing where it has none. */
export type Config = Record<string, unknown>;

/** Told otherwise: machine as tags, the dataset as one, and what `started` says in its own words. */
const toldElsewhere = ['machine', 'dataFingerprint', 'libtorch', 'classes', 'weights'];

/** How the run trains: all that its config settles, by names such as `batch_size` and `optimizer.algorithm`. */
export function paramsOf(started: GillnetEvent<'started'>, config: Config): Entry[] {
  const { recipe, ...settled } = config;
  const { name: _, ...ofRecipe } = Object(recipe);
  const params = new Map<string, unknown>([
    ...flat({ ...settled, ...ofRecipe }).filter(
      ([key]) => !toldElsewhere.includes(key.split('.')[0] ?? ''),
    ),
    ...Object.entries({
      ...{ recipe: started.recipe, architecture: started.model, weights: started.weights },
      ...{ weightsSha256: started.weightsSha256, classes: started.classes, seed: started.seed },
      ...{ trainPhotos: started.trainPhotos, valPhotos: started.valPhotos },
      ...{ parameters: started.parameters, epochs: started.epochs, dtype: started.dtype },
      ...{ batchSize: started.batchSize, learningRate: started.learningRate },
      ...{ imageSize: started.imageSize, schedule: started.schedule, threads: started.threads },
      device: started.device,
    }),
  ]);
  return [...params].map(([key, value]) =>
    param(snakeCase(key), Array.isArray(value) ? value.join(', ') : (value ?? 'none')),
  );
}

/** Where the run trains, and on what. */
export function originTags(started: GillnetEvent<'started'>, config: Config): Entry[] {
  const { platform, processor, node } = Object(config.machine);
  const told = {
    'gillnet.version': started.versions.gillnet,
    'gillnet.libtorch': started.versions.libtorch,
    'gillnet.data_fingerprint': started.dataFingerprint,
    'gillnet.device': started.device,
    'gillnet.threads': started.threads,
    'gillnet.processor': processor,
    'gillnet.platform': platform,
    'gillnet.node': node,
  };
  return Object.entries(told)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => tag(key, value));
}

/** What the guard found and did. */
export function guardTags(event: GillnetEvent<'guarded'>): Entry[] {
  const { policy, groups, leaks, quarantined, folded } = event;
  return Object.entries({ policy, groups, leaks, quarantined, folded }).map(([name, value]) =>
    tag(`gillnet.guard.${name}`, value),
  );
}

/** Leaves of nested objects by the path to them. */
function flat(value: object, path: string[] = []): [string, unknown][] {
  return Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    const here = [...path, key];
    const isNested = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
    return isNested ? flat(inner, here) : [[here.join('.'), inner]];
  });
}

/** `batchSize` → `batch_size` */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
