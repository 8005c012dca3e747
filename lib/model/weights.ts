import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../cache-folder.js';
import { GillnetError, messageOf } from '../errors.js';
import { makeFolder, replaceFile } from '../files.js';
import type { NativeState } from '../native.js';
import { sha256Of } from '../sha256.js';
import { readBounded } from './bounded-file.js';
import { requireFinite } from './finite.js';
import { readSafetensors } from './safetensors.js';
import { withoutPrefixes } from './state-dict.js';
import { readTorchFile } from './torch-file.js';

export { fitWeights } from './fit-weights.js';

/** Weights to start a training from. */
export interface Weights {
  /** As a person names them: `imagenet`, or the file's name. */
  name: string;
  /** Of the file's bytes, lower-case hex. */
  sha256: string;
  state: NativeState;
}

/** torchvision's ResNet18_Weights.IMAGENET1K_V1. */
const imageNet = {
  url: 'https://download.pytorch.org/models/resnet18-f37072fd.pth',
  sha256: 'f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec',
  megabytes: 47,
};
/** Where torchvision's file is kept once it is fetched. */
export const imageNetFile = () => path.join(cacheFolder(), path.basename(imageNet.url));
const connectMilliseconds = 15_000;

/**
 * Reads weights: `imagenet` (fetched once into the cache) or a `.pth`, `.pt` or `.safetensors` file. Names lose
 * the `module.`, `model.` and `_orig_mod.` that all of them begin with; values that are not finite are refused.
 * @throws GillnetError WEIGHTS_UNAVAILABLE when the ImageNet file can't be had, NOT_FOUND, BAD_MODEL_FILE
 */
export async function loadWeights(source: string, signal?: AbortSignal): Promise<Weights> {
  if (source === 'imagenet') {
    const bytes = await imageNetBytes(signal);
    return { name: source, sha256: imageNet.sha256, state: readTorchFile(bytes).state };
  }
  const bytes = await readWeightsFile(source);
  try {
    const safe = path.extname(source).toLowerCase() === '.safetensors';
    const state = safe ? readSafetensors(bytes) : readTorchFile(bytes).state;
    requireFinite(state);
    return {
      name: path.basename(source),
      sha256: sha256Of(bytes),
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

export async function isImageNetFetched(): Promise<boolean> {
  return (await stat(imageNetFile()).catch(() => null)) !== null;
}

/** What choosing these weights means, in words; nothing is read or fetched for it. */
export async function aboutWeights(source: string): Promise<string> {
  if (source === 'none') return 'random';
  if (source !== 'imagenet') return 'a file';
  return (await isImageNetFetched())
    ? 'fetched'
    : `${imageNet.megabytes} MB, to be fetched when first needed`;
}

/** From the cache, or fetched into it; their checksum is held either way. */
async function imageNetBytes(signal?: AbortSignal): Promise<Buffer> {
  const file = imageNetFile();
  const cached = await readFile(file).catch(() => null);
  if (cached && isImageNet(cached)) return cached;
  try {
    // Only the connection has a time limit of its own; a slow download may take as long as it moves.
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), connectMilliseconds);
    const signals = [patience.signal, ...(signal ? [signal] : [])];
    const response = await fetch(imageNet.url, { signal: AbortSignal.any(signals) }).finally(() =>
      clearTimeout(timer),
    );
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    if (!isImageNet(bytes)) throw new Error('what arrived has another checksum');
    await makeFolder(path.dirname(file));
    await replaceFile(file, bytes);
    return bytes;
  } catch (cause) {
    signal?.throwIfAborted();
    const reason = (cause as { cause?: { code?: string } }).cause?.code ?? messageOf(cause);
    throw new GillnetError(
      'WEIGHTS_UNAVAILABLE',
      `The ImageNet weights (${imageNet.megabytes} MB) could not be fetched: ${reason}. Fetch ${imageNet.url} ` +
        `elsewhere and give it with \`--weights FILE\`, or put it at ${file}.`,
      { cause },
    );
  }
}

function isImageNet(bytes: Buffer): boolean {
  return sha256Of(bytes) === imageNet.sha256;
}
