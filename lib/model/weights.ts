import path from 'node:path';
import { GillnetError, messageOf } from '../errors.js';
import type { NativeState } from '../native.js';
import { sha256Of } from '../sha256.js';
import { type Architecture, defaultArchitecture } from './architecture.js';
import { requireFinite } from './finite.js';
import { readBounded } from './formats/bounded-file.js';
import { readSafetensors } from './formats/safetensors.js';
import { withoutPrefixes } from './formats/state-dict.js';
import { readTorchFile } from './formats/torch-file.js';
import { imageNetWeights } from './imagenet.js';
import { recordNames } from './model-file.js';

export { fitWeights } from './fit-weights.js';

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
  const bytes = await readWeightsFile(source);
  try {
    const safe = path.extname(source).toLowerCase() === '.safetensors';
    const read = { records: new Map<string, Uint8Array>() };
    const { state, records } = safe
      ? { ...read, state: readSafetensors(bytes) }
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

async function readWeightsFile(source: string): Promise<Buffer> {
  try {
    return await readBounded(source);
  } catch (cause) {
    if (cause instanceof GillnetError) throw cause;
    throw new GillnetError(
      'NOT_FOUND',
      `The weights ${source} can't be read (${(cause as NodeJS.ErrnoException).code}). Expected imagenet, none, ` +
        'or the path of a .pth, .pt or .safetensors file.',
      { cause },
    );
  }
}
