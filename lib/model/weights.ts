import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { GillnetError, messageOf } from '../errors.js';
import type { NativeState, NativeTensor } from '../native.js';
import { sha256Of } from '../sha256.js';
import { type Architecture, defaultArchitecture } from './architecture.js';
import { imageNetWeights } from './imagenet.js';
import { recordNames } from './model-file.js';
import { readSafetensors } from './safetensors.js';
import { readTorchFile } from './torch-file.js';

/** Weights to start a training from. */
export interface Weights {
  /** As a person names them: `imagenet`, or the file's name. */
  name: string;
  /** Of the file's bytes, lower-case hex. */
  sha256: string;
  /** A whole model of gillnet's, which says where it comes from. */
  isModel: boolean;
  state: NativeState;
}

export interface LoadOptions {
  /** Whose ImageNet weights are meant; default `resnet18`. */
  architecture?: Architecture;
  signal?: AbortSignal | undefined;
}

/**
 * Reads weights: `imagenet` (fetched once into the cache) or a `.pth`, `.pt` or `.safetensors` file.
 * @throws GillnetError WEIGHTS_UNAVAILABLE when the ImageNet file can't be had, NOT_FOUND, BAD_MODEL_FILE
 */
export async function loadWeights(
  source: string,
  { architecture = defaultArchitecture, signal }: LoadOptions = {},
): Promise<Weights> {
  if (source === 'imagenet') {
    const { bytes, sha256 } = await imageNetWeights(architecture, signal);
    return { name: source, sha256, isModel: false, state: readTorchFile(bytes).state };
  }
  let bytes: Buffer;
  try {
    bytes = await readFile(source);
  } catch (cause) {
    throw new GillnetError(
      'NOT_FOUND',
      `The weights ${source} can't be read (${(cause as NodeJS.ErrnoException).code}). Expected imagenet, none, ` +
        'or the path of a .pth, .pt or .safetensors file.',
      { cause },
    );
  }
  try {
    const safe = path.extname(source).toLowerCase() === '.safetensors';
    const read = { records: new Map<string, Uint8Array>() };
    const { state, records } = safe
      ? { ...read, state: readSafetensors(bytes) }
      : readTorchFile(bytes);
    const isModel = records.has(recordNames.description);
    return { name: path.basename(source), sha256: sha256Of(bytes), isModel, state };
  } catch (cause) {
    throw new GillnetError(
      'BAD_MODEL_FILE',
      `${source} can't be used as weights. ${messageOf(cause)}`,
      { cause },
    );
  }
}

/**
 * The part of `given` that a network of other classes starts from: everything but a head of another
 * size. Step counts of batch norm, which old files lack, may be missing.
 * @param expected the network's own state
 * @throws GillnetError BAD_MODEL_FILE for another architecture
 */
export function fitWeights(given: NativeState, expected: NativeState): NativeState {
  const head = ['fc.weight', 'fc.bias'];
  const kindOf = (tensor?: NativeTensor) => `${tensor?.dtype} ${tensor?.shape}`;
  const fits = (name: string) =>
    Object.hasOwn(expected, name) && kindOf(given[name]) === kindOf(expected[name]);
  const sameHead = head.every(fits);
  const names = Object.keys(given).filter((name) => sameHead || !head.includes(name));

  const unknown = names.filter((name) => !Object.hasOwn(expected, name));
  const reshaped = names.filter((name) => Object.hasOwn(expected, name) && !fits(name));
  const missing = Object.keys(expected).filter(
    (name) =>
      !head.includes(name) && !name.endsWith('.num_batches_tracked') && !Object.hasOwn(given, name),
  );
  const faults = [
    missing.length > 0 && `${missing.length} tensors are missing (${missing[0]})`,
    unknown.length > 0 && `${unknown.length} are unknown (${unknown[0]})`,
    reshaped.length > 0 && `${reshaped.length} have another shape or type (${reshaped[0]})`,
  ].filter(Boolean);
  if (faults.length > 0) {
    throw new GillnetError(
      'BAD_MODEL_FILE',
      `The weights are not those of a ResNet-18 with torchvision's names: ${faults.join(', ')}.`,
    );
  }
  return Object.fromEntries(names.map((name) => [name, given[name] as NativeTensor]));
}
