import type { Settings } from '../config.js';
import { percent } from '../faces/format.js';
import { listModels, readModel } from '../model/registry.js';
import { storeAt } from './store-at.js';

/** Names of the models, newest first, with what each says of itself. */
export async function listing(settings: Settings): Promise<string[]> {
  const store = await storeAt(settings.models, settings);
  const lines: string[] = [];
  for (const name of await listModels(store)) {
    const { description } = await readModel(store, name);
    const { classes, metrics, recipe } = description;
    lines.push(
      settings.json
        ? JSON.stringify({
            type: 'model',
            time: description.createdAt,
            model: name,
            classes,
            metrics,
            recipe: recipe?.name ?? null,
          })
        : `${name}  ${classes.length} classes, validation accuracy ${metrics ? percent(metrics.valAccuracy) : 'unknown'}, recipe ${recipe?.name ?? 'unknown'}`,
    );
  }
  if (lines.length === 0 && !settings.json) lines.push(`No model in ${settings.models} yet.`);
  return lines;
}

/** Everything that a model says of itself. */
export async function showing(settings: Settings, name: string | undefined): Promise<string[]> {
  const model = await readModel(await storeAt(settings.models, settings), name ?? settings.model);
  const body = { model: model.name, ...model.description };
  return settings.json
    ? [JSON.stringify({ type: 'model', time: model.description.createdAt, ...body })]
    : [JSON.stringify(body, null, 2)];
}
