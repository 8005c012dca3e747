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

/** Writes a model under the first free name from `time` on; none is ever overwritten. @returns its key */
export async function publish(store: Store, bytes: Uint8Array, time = new Date()): Promise<string> {
  for (let second = 0; ; second += 1) {
    const key = modelName(new Date(time.getTime() + second * 1000));
    try {
      await store.create(key, bytes);
      return key;
    } catch (error) {
      if (!(error instanceof GillnetError) || error.code !== 'EXISTS') throw error;
    }
  }
}

/** Keys of all models, newest first. */
export async function listModels(store: Store): Promise<string[]> {
  return (await storedModels(store)).map(({ key }) => key);
}

async function storedModels(store: Store): Promise<StoredObject[]> {
  const models: StoredObject[] = [];
  try {
    for await (const object of store.list()) if (namePattern.test(object.key)) models.push(object);
  } catch (error) {
    // The bucket is made with the first model.
    if (!(error instanceof GillnetError) || error.code !== 'NOT_FOUND') throw error;
  }
  return models.sort((a, b) => (a.key < b.key ? 1 : -1));
}

/**
 * A model by its name in the store or its path; without a name the newest.
 * @throws GillnetError NO_MODEL, NOT_FOUND, BAD_MODEL_FILE, and the store's
 */
export async function readModel(store: Store, name?: string): Promise<Model & { name: string }> {
  if (name !== undefined && !namePattern.test(name)) {
    return { name, ...decodeModel(await readPath(name, store), name) };
  }
  const models = await storedModels(store);
  const model = name === undefined ? models[0] : models.find(({ key }) => key === name);
  if (!model) {
    throw new GillnetError(
      name === undefined ? 'NO_MODEL' : 'NOT_FOUND',
      name === undefined
        ? `There is no model in ${store.location} yet. Train one with \`gillnet train\` or \`npm start\`.`
        : `There is no model ${name} in ${store.location}. \`gillnet models list\` shows those that are.`,
    );
  }
  return { name: model.key, ...decodeModel(await store.get(model), model.key) };
}

async function readPath(file: string, store: Store): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new GillnetError(
      'NOT_FOUND',
      `The model ${path.resolve(file)} can't be read: ${messageOf(cause)}. \`gillnet models list\` shows those in ${store.location}.`,
      { cause },
    );
  }
}
