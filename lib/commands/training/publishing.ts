import type { KeyObject } from 'node:crypto';
import { codeOf, GillnetError, messageOf } from '../../errors.js';
import { metricsJson } from '../../faces/metrics-json.js';
import { modelCard } from '../../faces/model-card.js';
import type { RunRecord } from '../../faces/report/record.js';
import type { Classifier } from '../../model/classifier.js';
import type { ManifestPhoto } from '../../model/manifest.js';
import { encodeModel, type Int8, type ModelToWrite } from '../../model/model-file.js';
import { besideOf, publish } from '../../model/registry.js';
import { publicHalfOf } from '../../model/signature.js';
import type { NativeState } from '../../native.js';
import type { Calibration } from '../../pipeline/calibrate.js';
import { event, type GillnetEvent } from '../../pipeline/events.js';
import type { Run } from '../../runs.js';
import { sha256Of } from '../../sha256.js';
import { replaceObject } from '../../store/replace.js';
import type { Store } from '../../store/store.js';
import { commit, version } from '../../version.js';
import { type RunConfig, readPublication, writePublication } from './run-config.js';

export interface ToPublish {
  classifier: Classifier;
  /** Of the best epoch. */
  state: NativeState;
  best: { epoch: number; valAccuracy: number };
  calibration: Calibration | null;
  int8: Int8 | null;
  /** Photos that judge of which it has seen a version. */
  leaks: number;
  config: RunConfig;
  /** Those that it was trained and validated on. */
  manifest: ManifestPhoto[];
  models: Store;
  /** Signs it. */
  key: KeyObject | undefined;
  run: Run;
}

/** A model that is there. */
export interface Published {
  /** Its key in the store. */
  model: string;
  models: Store;
  sha256: string;
  description: ModelToWrite['description'];
  signedBy: string | null;
}

/**
 * Writes a model where models are kept. Its time is remembered before, so that a run which is killed meanwhile
 * and resumed writes the same bytes under the same name. @throws GillnetError the store's, with how to go on
 */
export async function* publishing(made: ToPublish): AsyncGenerator<GillnetEvent, Published> {
  const { state, manifest, models, key, run } = made;
  const createdAt = (await readPublication(run))?.createdAt ?? new Date().toISOString();
  await writePublication(run, { createdAt, model: null });
  const description = descriptionOf(made, createdAt);
  const bytes = encodeModel({ description, state, photos: manifest }, key);
  const model = await publish(models, bytes, new Date(createdAt)).catch((error) => {
    throw withNextStep(error, run);
  });
  await writePublication(run, { createdAt, model });
  const sha256 = sha256Of(bytes);
  yield event('saved', { model, place: models.location, sha256, bytes: bytes.length });
  const signedBy = key ? publicHalfOf(key) : null;
  return { model, models, sha256, description, signedBy };
}

/** Writes the model's card beside it, and the figures of its evaluation where there was one. */
export async function* describing(
  { model, models, ...published }: Published,
  { guarded = null, doubted = null, evaluated = null }: Partial<RunRecord> = {},
): AsyncGenerator<GillnetEvent<'warning'>, void> {
  const card = modelCard({ model, ...published, guarded, doubted, evaluated });
  const beside: [string, string][] = [[besideOf(model).card, card]];
  if (evaluated) beside.push([besideOf(model).metrics, metricsJson(evaluated)]);
  for (const [key, body] of beside) {
    try {
      // There already where the run was killed behind it, and resumed.
      await replaceObject(models, key, Buffer.from(body));
    } catch (error) {
      yield event('warning', { code: codeOf(error), message: messageOf(error) });
    }
  }
}

function descriptionOf(made: ToPublish, createdAt: string): ModelToWrite['description'] {
  const { classifier, best, calibration, int8, leaks, config, manifest } = made;
  const { architecture, classes, imageSize, mean, std } = classifier;
  const { recipe, dtype, seed, dataFingerprint, weights, machine, libtorch } = config;
  const { policy, validation, valFraction } = config;
  const source = commit();
  const count = (role: ManifestPhoto['role']) =>
    manifest.filter((each) => each.role === role).length;
  return {
    ...{ formatVersion: 1, architecture, classes, imageSize, mean, std },
    ...calibration,
    ...(int8 && { int8 }),
    resize: classifier.resize,
    ...{ createdAt, recipe, dtype, seed, metrics: best },
    photos: { train: count('train'), val: count('val') },
    ...(leaks > 0 && { leaks }),
    dataFingerprint,
    selection: { policy, validation, valFraction },
    baseWeights: weights && { name: weights.name, sha256: weights.sha256 },
    parent: weights?.parent ?? null,
    versions: { gillnet: version, libtorch, ...(source !== null && { commit: source }) },
    machine,
  };
}

function withNextStep(error: unknown, run: Run): unknown {
  if (!(error instanceof GillnetError)) return error;
  return new GillnetError(
    error.code,
    `${error.message} The training is kept: mend it and go on with \`npx gillnet train --resume ${run.id}\`.`,
    { cause: error },
  );
}
