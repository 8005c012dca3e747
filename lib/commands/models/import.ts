import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import type { Settings } from '../../config.js';
import { GillnetError } from '../../errors.js';
import { size } from '../../faces/format.js';
import { readNamed } from '../../files.js';
import { titleOf } from '../../model/architecture.js';
import { modelOfWeights } from '../../model/foreign.js';
import { encodeModel } from '../../model/model-file.js';
import { publish } from '../../model/registry.js';
import { publicHalfOf, readSigningKey } from '../../model/signature.js';
import { loadWeights } from '../../model/weights.js';
import { sha256Of } from '../../sha256.js';
import { storeAt } from '../store-at.js';
import { describing } from '../training/publishing.js';

type ImportSettings = Settings & { classes: string; imageSize: number };

/** Makes a model of a state_dict that was trained elsewhere. @returns what to print */
export async function importing(settings: ImportSettings, file: string): Promise<string[]> {
  const classes = await classesOf(settings.classes);
  const { imageSize, mean, std, models, sign, json } = settings;
  await access(file, constants.R_OK).catch((cause) => {
    throw new GillnetError(
      'NOT_FOUND',
      `${file} can't be read (${cause.code}). Expected a state_dict: a .pth, .pt or .safetensors file.`,
      { cause },
    );
  });
  // By its whole path: a file may have the name of weights that are fetched.
  const weights = await loadWeights(path.resolve(file));
  if (weights.isModel) {
    throw new GillnetError(
      'USAGE',
      `${file} is a model of gillnet's already. Give it as --model, or copy it to ${models}.`,
    );
  }
  const made = modelOfWeights(weights, { classes, imageSize, mean, std });
  const key = sign === undefined ? undefined : await readSigningKey(sign);
  const bytes = encodeModel(made, key);
  const store = await storeAt(models, settings);
  const model = await publish(store, bytes);
  const { description } = made;
  const sha256 = sha256Of(bytes);
  const signedBy = key ? publicHalfOf(key) : null;
  const warnings: string[] = [];
  const published = { model, models: store, sha256, description, signedBy };
  for await (const { message } of describing(published)) warnings.push(`warning: ${message}`);
  const { architecture, createdAt: time } = description;
  if (json) {
    const facts = { model, architecture, classes, bytes: bytes.length, sha256 };
    return [JSON.stringify({ type: 'imported', time, file, ...facts })];
  }
  return [
    `imported ${file} as ${model} (${titleOf(architecture)}, ${classes.length} classes, ${size(bytes.length)}, SHA-256 ${sha256})`,
    ...warnings,
  ];
}

/** @param given names with commas between them, or `@FILE` with one a line */
async function classesOf(given: string): Promise<string[]> {
  const names = given.startsWith('@')
    ? (await readNamed('--classes', given.slice(1))).split(/\r?\n/)
    : given.split(',');
  const classes = names.map((name) => name.trim());
  // A file of lines ends with one that is empty.
  if (given.startsWith('@') && classes.at(-1) === '') classes.pop();
  const empty = classes.indexOf('');
  if (empty >= 0) throw usage(`Class ${empty + 1} of --classes has no name.`);
  const twice = classes.find((name, index) => classes.indexOf(name) !== index);
  if (twice !== undefined) throw usage(`--classes names ${twice} twice.`);
  return classes;
}

const usage = (reason: string) =>
  new GillnetError('USAGE', `${reason} Expected a,b,c or @FILE with one name a line.`);
