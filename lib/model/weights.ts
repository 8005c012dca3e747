import path from 'node:path';
import { GillnetError, messageOf } from '../errors.js';
import type { NativeState, NativeTensor } from '../native.js';
import { sha256Of } from '../sha256.js';
import { type Architecture, architectureOf, defaultArchitecture, titleOf } from './architecture.js';
import { requireFinite } from './finite.js';
import { readBounded } from './formats/bounded-file.js';
import { readSafetensors } from './formats/safetensors.js';
import { withoutPrefixes } from './formats/state-dict.js';
import { readTorchFile } from './formats/torch-file.js';
import { imageNetWeights } from './imagenet.js';
import { recordNames } from './model-file.js';
import { shown } from './shown.js';

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
 * Reads weights: `imagenet` (fetched once into the cache) or a `.pth`, `.pt` or `.safetensors` file. Names lose
 * the `module.`, `model.` and `_orig_mod.` that all of them begin with; values that are not finite are refused.
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
  const bytes = await readBounded(
    source,
    ({ code }) =>
      `The weights ${source} can't be read (${code}). Expected imagenet, none, ` +
      'or the path of a .pth, .pt or .safetensors file.',
  );
  try {
    const safe = path.extname(source).toLowerCase() === '.safetensors';
    const { state, records } = safe
      ? { state: readSafetensors(bytes), records: new Map<string, Uint8Array>() }
      : readTorchFile(bytes);
    requireFinite(state);
    return {
      name: path.basename(source),
      sha256: sha256Of(bytes),
      isModel: records.has(recordNames.description),
      state: withoutPrefixes(state),
    };
  } catch (cause) {
    throw new GillnetError(
      'BAD_MODEL_FILE',
      `${source} can't be used as weights. ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** The tensors of a network's head. */
export const headTensors = ['fc.weight', 'fc.bias'];

/**
 * The part of `given` that a network of other classes starts from: everything but a head of another
 * size. Step counts of batch norm, which old files lack, may be missing.
 * @param expected the network's own state
 * @param architecture of that network
 * @throws GillnetError BAD_MODEL_FILE for another architecture, naming it where it is one of gillnet's
 */
export function fitWeights(
  given: NativeState,
  expected: NativeState,
  architecture: Architecture = defaultArchitecture,
): NativeState {
  const kindOf = (tensor?: NativeTensor) => `${tensor?.dtype} ${tensor?.shape}`;
  const fits = (name: string) =>
    Object.hasOwn(expected, name) && kindOf(given[name]) === kindOf(expected[name]);
  const sameHead = headTensors.every(fits);
  const names = Object.keys(given).filter((name) => sameHead || !headTensors.includes(name));

  const unknown = names.filter((name) => !Object.hasOwn(expected, name));
  const reshaped = names.filter((name) => Object.hasOwn(expected, name) && !fits(name));
  const missing = Object.keys(expected).filter(
    (name) =>
      !headTensors.includes(name) &&
      !name.endsWith('.num_batches_tracked') &&
      !Object.hasOwn(given, name),
  );
  const faults = [
    missing.length > 0 && `${missing.length} tensors are missing (${missing[0]})`,
    unknown.length > 0 && `${unknown.length} are unknown (${shown(unknown[0] as string)})`,
    reshaped.length > 0 && `${reshaped.length} have another shape or type (${reshaped[0]})`,
  ].filter(Boolean);
  if (faults.length > 0) {
    const title = titleOf(architecture);
    const other = architectureOf(given);
    const advice =
      other && other !== architecture
        ? ` These are a ${titleOf(other)}'s; give --model ${other}.`
        : '';
    throw new GillnetError(
      'BAD_MODEL_FILE',
      `The weights are not those of a ${title} with torchvision's names: ${faults.join(', ')}.${advice}`,
    );
  }
  return Object.fromEntries(names.map((name) => [name, given[name] as NativeTensor]));
}
