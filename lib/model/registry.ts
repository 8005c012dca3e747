import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { GillnetError, messageOf } from '../errors.js';
import type { Store, StoredObject } from '../store/store.js';
import { decodeModel, type Model } from './model-file.js';

/** Models in a store, by names that sort by time. */

const namePattern = /^model_v1_\d{8}T\d{6}Z\.pt$/;

/** `model_v1_<YYYYMMDDTHHMMSSZ>.pt` */
export function modelName(time: Date): string {
  return `model_v1_${time.toISOString().replace(/[-:]|\.\d+/g, '')}.pt`;
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
      if (!(error instanceof GillnetError) || error.code !== 'EXISTS') throw error;
      if (await stands(store, key, bytes)) return key;
    }
  }
}

async function stands(store: Store, key: string, bytes: Uint8Array): Promise<boolean> {
  const object = (await objects(store, key)).find((each) => each.key === key);
  return object !== undefined && store.holds(object, bytes);
}

/** Keys of all models, newest first. */
export async function listModels(store: Store): Promise<string[]> {
  const models = (await objects(store)).filter(({ key }) => namePattern.test(key));
  return models
    .map(({ key }) => key)
    .sort()
    .reverse();
}

/**
 * A model by its name in the store or its path; without a name the newest.
 * @throws GillnetError NO_MODEL, NOT_FOUND, BAD_MODEL_FILE, and the store's
 */
export async function readModel(store: Store, name?: string): Promise<Model & { name: string }> {
  const key = name ?? (await listModels(store))[0];
  if (key === undefined) {
    throw new GillnetError(
      'NO_MODEL',
      `There is no model in ${store.location} yet. Train one with \`gillnet train\` or \`npm start\`.`,
    );
  }
  const isPath = path.basename(key) !== key;
  const object = isPath ? undefined : (await objects(store, key)).find((each) => each.key === key);
  const bytes = object ? await store.get(object) : await readPath(key, store);
  return { name: key, ...decodeModel(bytes, key) };
}

async function objects(store: Store, prefix?: string): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  try {
    for await (const object of store.list(prefix)) found.push(object);
  } catch (error) {
    // The bucket is made with the first model.
    if (!(error instanceof GillnetError) || error.code !== 'NOT_FOUND') throw error;
  }
  return found;
}

async function readPath(file: string, store: Store): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new GillnetError(
      'NOT_FOUND',
      `There is no model ${file} in ${store.location}, and no file ${path.resolve(file)} that can be read ` +
        `(${messageOf(cause)}). \`gillnet models list\` shows those that are there.`,
      { cause },
    );
  }
}
