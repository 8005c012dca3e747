import path from 'node:path';
import { codeOf, GillnetError } from '../errors.js';
import { sha256Of } from '../sha256.js';
import type { Store, StoredObject } from '../store/store.js';
import { readDescription } from './excerpt.js';
import { readBounded, requireBounded } from './formats/bounded-file.js';
import { decodeModel, type Model, type ModelDescription } from './model-file.js';
import { objectsIn } from './objects.js';
import { defaultStage, isStageName, type Promotion, servedBy } from './stages.js';

/** Models in a store, by names that sort by time. */

const namePrefix = 'model_v1_';
const namePattern = /^model_v1_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.pt$/;

/** `model_v1_<YYYYMMDDTHHMMSSZ>.pt` */
export function modelName(time: Date): string {
  return `${namePrefix}${time.toISOString().replace(/[-:]|\.\d+/g, '')}.pt`;
}

/** The time that a model's name tells, ISO 8601. */
export function timeOfName(name: string): string {
  return name.replace(namePattern, '$1-$2-$3T$4:$5:$6Z');
}

/** What is written beside a model: for people, and the figures of its evaluation. */
export function besideOf(model: string): { card: string; metrics: string } {
  const stem = model.replace(/\.pt$/, '');
  return { card: `${stem}.md`, metrics: `${stem}.metrics.json` };
}

/**
 * Writes a model under the first free name from `time` on; none is ever overwritten. Where it stands already, as its
 * writer was killed before it knew, nothing is written. @returns its key
 */
export async function publish(store: Store, bytes: Uint8Array, time = new Date()): Promise<string> {
  for (let second = 0; ; second += 1) {
    const key = modelName(new Date(time.getTime() + second * 1000));
    try {
      await store.create(key, bytes);
      return key;
    } catch (error) {
      if (codeOf(error) !== 'EXISTS') throw error;
      const there = await objectAt(store, key);
      if (there && (await store.holds(there, bytes))) return key;
    }
  }
}

/** Keys of all models, newest first. */
export async function listModels(store: Store): Promise<string[]> {
  return (await listStored(store)).map(({ object }) => object.key);
}

/** A model's file, and what lies beside it: a card for people, and the figures of its evaluation. */
export interface StoredModel {
  object: StoredObject;
  card: StoredObject | undefined;
  metrics: StoredObject | undefined;
}

/** All models, newest first, unread. */
export async function listStored(store: Store): Promise<StoredModel[]> {
  const objects = await objectsIn(store, namePrefix);
  const byKey = new Map(objects.map((object) => [object.key, object]));
  return objects
    .filter(({ key }) => namePattern.test(key))
    .sort((a, b) => (a.key < b.key ? 1 : -1))
    .map((object) => ({
      object,
      card: byKey.get(besideOf(object.key).card),
      metrics: byKey.get(besideOf(object.key).metrics),
    }));
}

/** What a stored model says of itself, without reading its weights. @throws GillnetError BAD_MODEL_FILE, and the store's */
export function describeStored(store: Store, object: StoredObject): Promise<ModelDescription> {
  return readDescription(object.bytes, object.key, (start, end) =>
    store.getPart(object, start, end),
  );
}

/** Where a model is, unread. */
export interface Located {
  /** Its name in the store, or its path. */
  name: string;
  /** Null for a path, at which nobody has looked yet. */
  object: StoredObject | null;
  /** By which it was found; null where its own name, its path, or being the newest told. */
  promotion: Promotion | null;
}

/**
 * Finds a model by its name in the store, by a stage that serves it, or by its path; without a name what `production`
 * serves, else the newest.
 * @throws GillnetError NO_MODEL, NOT_FOUND, DAMAGED, and the store's
 */
export async function locateModel(store: Store, name?: string): Promise<Located> {
  const stage = name ?? defaultStage;
  const promotion = isStageName(stage) ? await servedBy(store, stage) : null;
  if (promotion) {
    const object = await objectAt(store, promotion.model);
    if (!object) throw gone(store, promotion);
    return { name: promotion.model, object, promotion };
  }
  if (name === undefined) {
    const [newest] = await listStored(store);
    if (!newest) {
      throw new GillnetError(
        'NO_MODEL',
        `There is no model in ${store.location} yet. Train one with \`gillnet train\` or \`npm start\`.`,
      );
    }
    return { name: newest.object.key, object: newest.object, promotion: null };
  }
  const isPath = path.basename(name) !== name;
  const object = isPath ? null : await objectAt(store, name);
  return { name, object, promotion: null };
}

/**
 * Reads a model that `locateModel` finds; a promoted one is held to the SHA-256 of its promotion.
 * @throws GillnetError as `locateModel` does, and BAD_MODEL_FILE
 */
export async function readModel(store: Store, name?: string): Promise<Model & { name: string }> {
  const located = await locateModel(store, name);
  const bytes = await readBytes(store, located);
  return { name: located.name, ...decodeModel(bytes, located.name) };
}

/** The bytes of a model's file. @throws GillnetError DAMAGED for a promoted one that is another now, and the store's */
export async function readBytes(
  store: Store,
  { name, object, promotion }: Located,
): Promise<Buffer> {
  if (object) requireBounded(name, object.bytes);
  const bytes = object ? await store.get(object) : await readPath(name, store);
  if (promotion && sha256Of(bytes) !== promotion.sha256) {
    throw new GillnetError(
      'DAMAGED',
      `${name} in ${store.location} is not what was promoted to ${promotion.stage} on ${promotion.promotedAt}: its SHA-256 ` +
        'is another. Promote a model that you trust with `gillnet models promote MODEL`, or name one with --model.',
    );
  }
  return bytes;
}

/** What a model says of itself. @throws as `readModel` does */
export async function describeModel(store: Store, located: Located): Promise<ModelDescription> {
  if (located.object) return describeStored(store, located.object);
  return decodeModel(await readBytes(store, located), located.name).description;
}

async function objectAt(store: Store, key: string): Promise<StoredObject | null> {
  return (await objectsIn(store, key)).find((object) => object.key === key) ?? null;
}

function gone(store: Store, { stage, model, promotedAt, by }: Promotion): GillnetError {
  return new GillnetError(
    'NOT_FOUND',
    `${stage} serves ${model}, which ${by} has promoted on ${promotedAt} and which is not in ${store.location} any more. ` +
      `Promote another with \`gillnet models promote MODEL --stage ${stage}\`, or name one with --model.`,
  );
}

function readPath(file: string, store: Store): Promise<Buffer> {
  const stage = isStageName(file) ? `, no stage ${file} that serves one` : '';
  return readBounded(
    file,
    ({ message }) =>
      `There is no model ${file} in ${store.location}${stage}, and no file ${path.resolve(file)} that can be read ` +
      `(${message}). \`gillnet models list\` shows those that are there.`,
  );
}
