import { access, constants, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Settings } from '../../config.js';
import { GillnetError, messageOf } from '../../errors.js';
import { size } from '../../faces/format.js';
import { defaultArchitecture, titleOf } from '../../model/architecture.js';
import { modelOfWeights } from '../../model/foreign.js';
import { encodeModel } from '../../model/model-file.js';
import { publish } from '../../model/registry.js';
import { readSigningKey } from '../../model/signature.js';
import { loadWeights } from '../../model/weights.js';
import { sha256Of } from '../../sha256.js';
import { storeAt } from '../store-at.js';

export type ImportSettings = Settings & { classes: string; imageSize: number };

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
  const made = modelOfWeights(weights, { classes, imageSize, mean, std });
  const key = sign === undefined ? undefined : await readSigningKey(sign);
  const bytes = encodeModel(made, key);
  const model = await publish(await storeAt(models, settings), bytes);
  const { architecture = defaultArchitecture } = made.description;
  const facts = { model, architecture, classes, bytes: bytes.length, sha256: sha256Of(bytes) };
  return [
    json
      ? JSON.stringify({ type: 'imported', time: made.description.createdAt, file, ...facts })
      : `imported ${file} as ${model} (${titleOf(architecture)}, ${classes.length} classes, ${size(bytes.length)}, SHA-256 ${facts.sha256})`,
  ];
}

/** @param given names with commas between them, or `@FILE` with one a line */
async function classesOf(given: string): Promise<string[]> {
  const names = given.startsWith('@')
    ? (await textOf(given.slice(1))).split(/\r?\n/)
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

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new GillnetError(
      'NOT_FOUND',
      `The names of the classes can't be read from ${file}: ${messageOf(cause)}.`,
      { cause },
    );
  }
}

const usage = (reason: string) =>
  new GillnetError('USAGE', `${reason} Expected a,b,c or @FILE with one name a line.`);
