import type { Settings } from '../../config.js';
import { GillnetError } from '../../errors.js';
import { plural, printable, size } from '../../faces/format.js';
import { timeOfName } from '../../model/registry.js';
import { readPromotions } from '../../model/stages.js';
import type { Store } from '../../store/store.js';
import { storeAt } from '../store-at.js';
import { type ListedModel, readList } from './list.js';

/** Promotions of each stage, the newest ones, whose models are kept: one can go back to them. */
const keptPromotions = 3;

/**
 * Deletes models by a policy, with what lies beside them, and only tells of it without `--yes`. Kept are the newest
 * `--keep`, the best `--keep-best` by validation accuracy, what a stage serves or has served in its last three
 * promotions, those with which a kept one began, those younger than `--older-than`, and those that can't be read.
 * @throws GillnetError USAGE where nothing says how many are kept
 */
export async function pruning(settings: Settings): Promise<string[]> {
  const { keep, keepBest = 0, olderThan = 0, yes = false } = settings;
  if (keep === undefined) {
    throw new GillnetError('USAGE', 'Say how many of the newest models stay, such as `--keep 5`.');
  }
  const store = await storeAt(settings.models, settings);
  const { models } = await readList(store);
  const promoted = await promotedLately(store);
  const reasons = reasonsToKeep(models, promoted, { keep, keepBest, olderThan });
  const deleted: ListedModel[] = [];
  for (const model of models.filter(({ name }) => !reasons.has(name))) {
    // Some time has passed since the list was read.
    if (yes && (await promotedLately(store)).has(model.name)) reasons.set(model.name, 'promoted');
    else {
      if (yes) await remove(store, model);
      deleted.push(model);
    }
  }
  if (settings.json) {
    const time = new Date().toISOString();
    return models.map(({ name, object: { bytes } }) => {
      const kept = reasons.get(name) ?? null;
      return JSON.stringify({
        ...{ type: 'pruned', time, model: name, bytes, kept, deleted: yes && kept === null },
      });
    });
  }
  const bytes = deleted.reduce((sum, { object }) => sum + object.bytes, 0);
  const sum = `${plural(deleted.length, 'model')} (${size(bytes)})`;
  return [
    ...models.map(
      ({ name }) =>
        `${name}  ${reasons.get(name) ? `kept: ${reasons.get(name)}` : yes ? 'deleted' : 'goes'}`,
    ),
    yes ? `Deleted ${sum}.` : `${sum} would be deleted; --yes deletes them.`,
  ].map(printable);
}

/** Why each of the kept stays. */
function reasonsToKeep(
  models: ListedModel[],
  promoted: ReadonlySet<string>,
  policy: { keep: number; keepBest: number; olderThan: number },
): Map<string, string> {
  const reasons = new Map<string, string>();
  const keep = (reason: string, chosen: ListedModel[]) => {
    for (const { name } of chosen) if (!reasons.has(name)) reasons.set(name, reason);
  };
  const usable = models.filter(({ description }) => description !== null);
  const accuracy = (model: ListedModel) => model.description?.metrics?.valAccuracy ?? null;
  const best = usable
    .filter((model) => accuracy(model) !== null)
    .sort((a, b) => Number(accuracy(b)) - Number(accuracy(a)));
  const seconds = ({ name }: ListedModel) => (Date.now() - Date.parse(timeOfName(name))) / 1000;
  const named = (names: ReadonlySet<unknown>) => models.filter(({ name }) => names.has(name));
  keep('promoted', named(promoted));
  keep('among the newest', usable.slice(0, policy.keep));
  keep('among the best', best.slice(0, policy.keepBest));
  keep(
    'it can’t be read',
    models.filter(({ description }) => description === null),
  );
  keep(
    'younger',
    models.filter((model) => seconds(model) < policy.olderThan),
  );
  const kept = models.filter(({ name }) => reasons.has(name));
  keep(
    'a kept one began with it',
    named(new Set(kept.map(({ description }) => description?.parent?.model))),
  );
  return reasons;
}

async function promotedLately(store: Store): Promise<Set<string>> {
  const promotions = await readPromotions(store, { most: keptPromotions });
  return new Set(promotions.map(({ model }) => model));
}

/** The model last: after a kill between them the next prune still finds it, and the rest of it. */
async function remove(store: Store, { object, card, metrics }: ListedModel): Promise<void> {
  for (const each of [card, metrics, object]) if (each) await store.remove(each.key);
}
