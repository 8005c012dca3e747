import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../cache-folder.js';
import { GillnetError, messageOf } from '../errors.js';
import { makeFolder, replaceFile } from '../files.js';
import type { NativeState, NativeTensor } from '../native.js';
import { sha256Of } from '../sha256.js';
import { readSafetensors } from './safetensors.js';
import { readTorchFile } from './torch-file.js';

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
 * Reads weights: `imagenet` (fetched once into the cache) or a `.pth`, `.pt` or `.safetensors` file.
 * @throws GillnetError WEIGHTS_UNAVAILABLE when the ImageNet file can't be had, NOT_FOUND, BAD_MODEL_FILE
 */
export async function loadWeights(source: string, signal?: AbortSignal): Promise<Weights> {
  if (source === 'imagenet') {
    const bytes = await imageNetBytes(signal);
    return { name: source, sha256: imageNet.sha256, state: readTorchFile(bytes).state };
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
    const state = safe ? readSafetensors(bytes) : readTorchFile(bytes).state;
    return { name: path.basename(source), sha256: sha256Of(bytes), state };
  } catch (cause) {
    throw new GillnetError(
      'BAD_MODEL_FILE',
      `${source} can't be used as weights. ${messageOf(cause)}`,
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
