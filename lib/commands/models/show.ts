import type { Settings } from '../../config.js';
import { moment, percent, plural, printable, size } from '../../faces/format.js';
import { titleOf } from '../../model/architecture.js';
import type { ModelDescription } from '../../model/model-file.js';
import { describeModel, listStored, locateModel } from '../../model/registry.js';
import { readPromotions } from '../../model/stages.js';
import type { Store } from '../../store/store.js';
import { storeAt } from '../store-at.js';
import { testFigures } from './list.js';

/** What a model says of itself, and which stages have served it; with `--json` all of it. */
export async function showing(settings: Settings, name?: string): Promise<string[]> {
  const store = await storeAt(settings.models, settings);
  const located = await locateModel(store, name);
  const description = await describeModel(store, located);
  const promotions = located.object ? await promotionsOf(store, located.name) : [];
  const stored = (await listStored(store)).find(({ object }) => object.key === located.object?.key);
  const test = stored ? await testFigures(store, stored) : null;
  if (settings.json) {
    const body = { model: located.name, bytes: located.object?.bytes, promotions, test };
    const time = description.createdAt;
    return [JSON.stringify({ type: 'model', time, ...body, ...description })];
  }
  const place = located.object
    ? `${store.location}/${located.name}, ${size(located.object.bytes)}`
    : located.name;
  const facts: [string, string | null][] = [
    ['model', place],
    ...factsOf(description),
    ['test', test && `${percent(test.accuracy)} right, ${plural(test.photos, 'photo')}`],
    ...promotions.map(({ stage, serves, promotedAt, by }): [string, string] => [
      stage,
      `${serves ? 'serves it since' : 'served it from'} ${moment(promotedAt)}, by ${by}`,
    ]),
  ];
  return facts.flatMap(([title, text]) =>
    text === null ? [] : [`${title.padEnd(13)} ${printable(text)}`],
  );
}

/** All promotions of a model, each stage's newest first; `serves` where none came after it. */
async function promotionsOf(store: Store, name: string) {
  const all = await readPromotions(store);
  const newest = (stage: string) => all.find((each) => each.stage === stage);
  return all
    .filter(({ model }) => model === name)
    .map((promotion) => ({ ...promotion, serves: promotion === newest(promotion.stage) }));
}

const fileOf = (name: string, sha256: string) => `${name}, SHA-256 ${sha256}`;

function factsOf(description: ModelDescription): [string, string | null][] {
  const { architecture, classes, imageSize, recipe, seed } = description;
  const { metrics, photos, leaks = 0, dataFingerprint, baseWeights, parent } = description;
  const { temperature, threshold, int8, versions, createdAt } = description;
  const learned = recipe && [
    `recipe ${recipe.name}, ${plural(recipe.epochs, 'epoch')}, batch ${recipe.batchSize}`,
    `learning rate ${recipe.learningRate}, seed ${seed}`,
  ];
  const used = photos && `${plural(photos.train, 'photo')} to train, ${photos.val} to validate`;
  return [
    ['network', `${titleOf(architecture)}, ${imageSize}² pixels`],
    ['classes', `${classes.length}: ${classes.join(', ')}`],
    ['made', `${moment(createdAt)}, gillnet ${versions.gillnet}, LibTorch ${versions.libtorch}`],
    ['training', learned ? learned.join(', ') : 'elsewhere'],
    [
      'began with',
      parent ? null : baseWeights ? fileOf(baseWeights.name, baseWeights.sha256) : 'random weights',
    ],
    ['parent', parent ? fileOf(parent.model, parent.sha256) : null],
    ['photos', used],
    ['data', dataFingerprint],
    ['leaks', leaks > 0 ? `${plural(leaks, 'photo')} that judge it stood in training` : null],
    ['validation', metrics && `${percent(metrics.valAccuracy)} right, epoch ${metrics.epoch}`],
    ['temperature', temperature === undefined ? null : temperature.toFixed(3)],
    ['sure from', threshold === undefined ? null : percent(threshold)],
    ['int8', int8 ? `${percent(int8.valAccuracy)} of validation right` : null],
  ];
}
