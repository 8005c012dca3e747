import { mapConcurrent } from '../../concurrency.js';
import type { Settings } from '../../config.js';
import { codeOf, messageOf } from '../../errors.js';
import { age, inColumns, moment, percent, printable } from '../../faces/format.js';
import type { ModelDescription } from '../../model/model-file.js';
import { describeStored, listStored, type StoredModel, timeOfName } from '../../model/registry.js';
import { type Promotion, readPromotions } from '../../model/stages.js';
import type { Store } from '../../store/store.js';
import { storeAt } from '../store-at.js';

/** Models described side by side. */
const sideBySide = 8;

/** What is known of a stored model without reading its weights. */
export interface ListedModel extends StoredModel {
  name: string;
  /** Stages that serve it. */
  stages: string[];
  /** Null for a damaged one. */
  description: ModelDescription | null;
  /** Why it can't be used; null where it can. */
  damage: string | null;
  /** Of the evaluation that lies beside it, where that was on test. */
  test: { accuracy: number; photos: number } | null;
}

/** All models, newest first, and what each stage serves. */
export async function readList(
  store: Store,
): Promise<{ models: ListedModel[]; serving: Promotion[] }> {
  const stored = await listStored(store);
  const serving = await readPromotions(store, { most: 1 });
  const models: ListedModel[] = [];
  const described = mapConcurrent(stored, sideBySide, async (model) => ({
    ...model,
    name: model.object.key,
    stages: serving.filter((each) => each.model === model.object.key).map(({ stage }) => stage),
    ...(await describe(store, model)),
    test: await testFigures(store, model),
  }));
  for await (const model of described) models.push(model);
  return { models, serving };
}

/** One line a model; with `--json` one object a model, with all that it says of itself. */
export async function listing(settings: Settings): Promise<string[]> {
  const store = await storeAt(settings.models, settings);
  const { models, serving } = await readList(store);
  if (settings.json) return models.map((model) => JSON.stringify(told(model)));
  if (models.length === 0) return [`No model in ${settings.models} yet.`];
  return [
    row('', 'model', 'network', 'cls', 'val', 'test', 'data', 'age', 'from'),
    ...models.map((model, index) => line(model, index + 1, models)),
    ...serving.map(
      ({ stage, model, promotedAt, by }) =>
        `* ${stage} serves ${printable(model)}, promoted ${moment(promotedAt)} by ${printable(by)}` +
        (models.some(({ name }) => name === model) ? '' : '; it is gone'),
    ),
  ];
}

/** A listed model as a line of JSON. */
function told({ name, stages, description, damage, test, object }: ListedModel) {
  return {
    ...{ type: 'model', time: description?.createdAt ?? timeOfName(name), model: name },
    ...{ bytes: object.bytes, stages, damage, test, ...description },
  };
}

function line(model: ListedModel, number: number, all: ListedModel[]): string {
  const { name, stages, description, damage, test } = model;
  const marked = `${name}${stages.length > 0 ? '*' : ''}`;
  if (!description) return `${row(String(number), marked)}  damaged: ${printable(damage ?? '')}`;
  const { architecture, classes, metrics, dataFingerprint } = description;
  return row(
    ...[String(number), marked, architecture, String(classes.length)],
    ...[metrics ? percent(metrics.valAccuracy) : '–', test ? percent(test.accuracy) : '–'],
    ...[dataFingerprint?.slice(0, 8) ?? '–', age(timeOfName(name)), parentOf(model, all)],
  );
}

/** The number of the parent's line, or its name where it is not listed. */
function parentOf({ description }: ListedModel, all: ListedModel[]): string {
  const { parent } = description ?? {};
  if (!parent) return '–';
  const at = all.findIndex(({ name }) => name === parent.model);
  return at < 0 ? printable(parent.model) : String(at + 1);
}

/** 79 columns with parents that are listed: a model's name alone takes 28. */
function row(...cells: string[]): string {
  return inColumns(cells, [-2, 29, 8, -3, -7, -7, 8, -3, -4]);
}

async function describe(store: Store, { object }: StoredModel) {
  try {
    return { description: await describeStored(store, object), damage: null };
  } catch (error) {
    const isModels = ['BAD_MODEL_FILE', 'DAMAGED', 'CHANGED', 'NOT_FOUND'];
    if (!isModels.includes(codeOf(error))) throw error;
    return { description: null, damage: messageOf(error) };
  }
}

/** Of the evaluation beside a model; null where it is of other photos, or not as gillnet writes it. */
export async function testFigures(
  store: Store,
  { metrics }: StoredModel,
): Promise<ListedModel['test']> {
  if (!metrics) return null;
  try {
    const { split, accuracy, photos } = Object(JSON.parse((await store.get(metrics)).toString()));
    const isTest = split === 'test' && Number.isFinite(accuracy) && Number.isFinite(photos);
    return isTest ? { accuracy, photos } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
