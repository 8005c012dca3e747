import type { Settings } from '../../config.js';
import { GillnetError, messageOf } from '../../errors.js';
import { printable } from '../../faces/format.js';
import { decodeModel } from '../../model/model-file.js';
import { locateModel, readBytes } from '../../model/registry.js';
import { checkStageName, defaultStage, promote } from '../../model/stages.js';
import { sha256Of } from '../../sha256.js';
import { MlflowClient } from '../../tracking/client.js';
import { promoteVersions } from '../../tracking/registered-model.js';
import { trackingServerAt } from '../../tracking/server-address.js';
import { storeAt } from '../store-at.js';

/** Makes `--stage` serve a model, which is read whole first. @throws GillnetError of a model that can't be used */
export async function promoting(settings: Settings, name: string): Promise<string[]> {
  const stage = checkStageName(settings.stage ?? defaultStage);
  const store = await storeAt(settings.models, settings);
  const located = await locateModel(store, name);
  const { name: model, object } = located;
  if (!object) {
    throw new GillnetError(
      'NOT_FOUND',
      `There is no model ${name} in ${store.location}: only what is kept there can be promoted. ` +
        '`gillnet models list` shows those that are there.',
    );
  }
  const bytes = await readBytes(store, located);
  decodeModel(bytes, model);
  const sha256 = sha256Of(bytes);
  const { promotion, before, meanwhile } = await promote(store, stage, { model, sha256 });
  // A prune may have deleted it while it was read.
  await locateModel(store, stage);
  const mlflow = await tellMlflow(settings, sha256, stage);
  if (settings.json) {
    const body = { ...promotion, before: before?.model ?? null, meanwhile, mlflow };
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
  if (mlflow) lines.push(mlflow);
  return lines.map(printable);
}

/** Gives the model's versions in MLflow the stage's name. @returns how that went; null where no server is named */
async function tellMlflow(
  { mlflow }: Settings,
  sha256: string,
  stage: string,
): Promise<string | null> {
  if (!mlflow) return null;
  const stop = new AbortController();
  try {
    const server = trackingServerAt(mlflow, process.env);
    const client = new MlflowClient(server, stop.signal, {
      later: 'Promote the model again to tell it.',
    });
    const versions = await promoteVersions(client, sha256, stage);
    return versions.length > 0
      ? `In MLflow ${versions.join(' and ')} ${versions.length > 1 ? 'have' : 'has'} the alias ${stage}.`
      : 'MLflow has no version of this model.';
  } catch (error) {
    return `MLflow does not know of it: ${messageOf(error)}`;
  } finally {
    // A request under way would keep the process alive.
    stop.abort();
  }
}
