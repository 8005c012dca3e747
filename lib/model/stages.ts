import { hostname, userInfo } from 'node:os';
import { codeOf, GillnetError } from '../errors.js';
import { groupBy } from '../group-by.js';
import type { Store, StoredObject } from '../store/store.js';
import { version } from '../version.js';
import { objectsIn } from './objects.js';

/**
 * Which model a stage serves. Each promotion is an object of its own, `stages/<stage>/<number>.json`, that is created
 * and never replaced: the highest number counts, and the others are the stage's history.
 */

/** What `predict`, `explain` and `evaluate` take, once something is promoted to it. */
export const defaultStage = 'production';

const stagePattern = /^[a-z][a-z0-9-]*$/;
const keyPattern = /^stages\/([a-z][a-z0-9-]*)\/(\d{6,})\.json$/;

export interface Promotion {
  stage: string;
  /** From 1 on, without gaps. */
  number: number;
  model: string;
  /** Of the model's file. */
  sha256: string;
  promotedAt: string;
  /** Who, on which machine. */
  by: string;
}

/** A promotion that was made. */
export interface Promoted {
  promotion: Promotion;
  /** What the stage served until now; null for nothing. */
  before: Promotion | null;
  /** What others have promoted between the first look at the stage and this promotion, oldest first. */
  meanwhile: Promotion[];
}

/** True for what can be a stage's name: small letters, digits and hyphens. */
export function isStageName(name: string): boolean {
  return stagePattern.test(name);
}

/** @throws GillnetError USAGE */
export function checkStageName(name: string): string {
  if (isStageName(name)) return name;
  throw new GillnetError(
    'USAGE',
    `${name} can't be a stage's name. Expected small letters, digits and hyphens, a letter first, such as \`production\`.`,
  );
}

/** The promotions of all stages, or of one, the newest first; each can be read by `readPromotion`. */
async function promotionObjects(
  store: Store,
  stage?: string,
): Promise<Map<string, StoredObject[]>> {
  const found = await objectsIn(store, stage === undefined ? 'stages/' : `stages/${stage}/`);
  const promotions = found.filter(({ key }) => keyPattern.test(key));
  const byStage = groupBy(promotions, ({ key }) => key.split('/')[1] as string);
  for (const objects of byStage.values()) objects.sort((a, b) => numberOf(b.key) - numberOf(a.key));
  return byStage;
}

/** @throws GillnetError DAMAGED, and the store's */
async function readPromotion(store: Store, object: StoredObject): Promise<Promotion> {
  const [, stage = '', number] = keyPattern.exec(object.key) ?? [];
  const body = await store.get(object);
  const read = parsed(body);
  if (!read) {
    throw new GillnetError(
      'DAMAGED',
      `${store.urlOf(object.key)} is no promotion that gillnet has written. Promote a model again with ` +
        `\`gillnet models promote MODEL --stage ${stage}\`, or name one with --model.`,
    );
  }
  return { stage, number: Number(number), ...read };
}

/**
 * The promotions of all stages, or of one; of each the newest first.
 * @param most of each stage @throws as `readPromotion` does
 */
export async function readPromotions(
  store: Store,
  { stage, most }: { stage?: string; most?: number } = {},
): Promise<Promotion[]> {
  const promotions: Promotion[] = [];
  for (const objects of (await promotionObjects(store, stage)).values()) {
    for (const object of objects.slice(0, most)) {
      promotions.push(await readPromotion(store, object));
    }
  }
  return promotions;
}

/** What a stage serves; null where nothing was promoted to it. @throws as `readPromotion` does */
export async function servedBy(store: Store, stage: string): Promise<Promotion | null> {
  return (await readPromotions(store, { stage, most: 1 }))[0] ?? null;
}

/**
 * Makes `stage` serve a model. Of two that promote at once the later one comes behind the other; none is lost.
 * Nothing is written where the stage serves these very bytes already.
 * @throws GillnetError USAGE, and the store's
 */
export async function promote(
  store: Store,
  stage: string,
  { model, sha256 }: Pick<Promotion, 'model' | 'sha256'>,
): Promise<Promoted> {
  checkStageName(stage);
  for (let first: number | undefined; ; ) {
    const objects = (await promotionObjects(store, stage)).get(stage) ?? [];
    const before = (await readable(store, objects.slice(0, 1)))[0] ?? null;
    const latest = objects[0] ? numberOf(objects[0].key) : 0;
    first ??= latest;
    const since = objects.filter(({ key }) => numberOf(key) > Number(first)).reverse();
    if (before?.model === model && before.sha256 === sha256) {
      return { promotion: before, before, meanwhile: await readable(store, since) };
    }
    const told = { model, sha256, promotedAt: new Date().toISOString(), by: whoAmI() };
    const body = JSON.stringify({ ...told, gillnet: version }, null, 1);
    const promotion = { stage, number: latest + 1, ...told };
    try {
      const key = `stages/${stage}/${String(promotion.number).padStart(6, '0')}.json`;
      await store.create(key, Buffer.from(`${body}\n`));
      return { promotion, before, meanwhile: await readable(store, since) };
    } catch (error) {
      if (codeOf(error) !== 'EXISTS') throw error;
    }
  }
}

/** Those that are not damaged: what a stage has served must not keep it from serving another. */
async function readable(store: Store, objects: StoredObject[]): Promise<Promotion[]> {
  const read: Promotion[] = [];
  for (const object of objects) {
    try {
      read.push(await readPromotion(store, object));
    } catch (error) {
      if (codeOf(error) !== 'DAMAGED') throw error;
    }
  }
  return read;
}

function numberOf(key: string): number {
  return Number(keyPattern.exec(key)?.[2]);
}

function parsed(body: Buffer): Omit<Promotion, 'stage' | 'number'> | null {
  try {
    const { model, sha256, promotedAt, by } = Object(JSON.parse(body.toString()));
    const isText = [model, sha256, promotedAt, by].every((each) => typeof each === 'string');
    return isText ? { model, sha256, promotedAt, by } : null;
  } catch {
    return null;
  }
}

function whoAmI(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container may run under a number that nobody has.
    return hostname();
  }
}
