import type { Settings } from '../../config.js';
import { GillnetError } from '../../errors.js';
import { printable } from '../../faces/format.js';
import { decodeModel } from '../../model/model-file.js';
import { locateModel, readBytes } from '../../model/registry.js';
import { checkStageName, defaultStage, promote } from '../../model/stages.js';
import { sha256Of } from '../../sha256.js';
import { storeAt } from '../store-at.js';

/** Makes `--stage` serve a model, which is read whole first. @throws GillnetError of a model that can't be used */
export async function promoting(settings: Settings, name: string): Promise<string[]> {
  const stage = checkStageName(settings.stage ?? defaultStage);
  const store = await storeAt(settings.models, settings);
  const located = await locateModel(store, name);
  if (!located.object) {
    throw new GillnetError(
      'NOT_FOUND',
      `There is no model ${name} in ${store.location}: only what is kept there can be promoted. ` +
        '`gillnet models list` shows those that are there.',
    );
  }
  const bytes = await readBytes(store, located);
  decodeModel(bytes, located.name);
  const { promotion, before, meanwhile } = await promote(store, stage, {
    ...{ model: located.name, sha256: sha256Of(bytes) },
  });
  // A prune may have deleted it while it was read.
  await locateModel(store, stage);
  if (settings.json) {
    const body = { ...promotion, before: before?.model ?? null, meanwhile };
    return [JSON.stringify({ type: 'promoted', time: promotion.promotedAt, ...body })];
  }
  const overtaken = meanwhile.map(
    ({ model, by }) => `${by} has promoted ${model} to ${stage} meanwhile, which this goes over.`,
  );
  const lines =
    before === promotion
      ? [`${stage} serves ${promotion.model} already.`]
      : [
          `${stage} serves ${promotion.model}${before ? `, before ${before.model}` : ''}.`,
          ...overtaken,
          ...(before ? [`Back: gillnet models promote ${before.model} --stage ${stage}`] : []),
        ];
  return lines.map(printable);
}
