import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../cache-folder.js';
import { GillnetError, messageOf } from '../errors.js';
import { makeFolder, replaceFile } from '../files.js';
import { sha256Of } from '../sha256.js';
import type { Architecture } from './architecture.js';

/** torchvision's weights of ImageNet-1K, each the first ones that it published (IMAGENET1K_V1). */

const folder = 'https://download.pytorch.org/models/';

const published: Record<Architecture, { file: string; sha256: string; megabytes: number }> = {
  resnet18: {
    file: 'resnet18-f37072fd.pth',
    sha256: 'f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec',
    megabytes: 47,
  },
  resnet34: {
    file: 'resnet34-b627a593.pth',
    sha256: 'b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f',
    megabytes: 87,
  },
  resnet50: {
    file: 'resnet50-0676ba61.pth',
    sha256: '0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a',
    megabytes: 103,
  },
};

const connectMilliseconds = 15_000;

/** Where torchvision's file is kept once it is fetched. */
export function imageNetFile(architecture: Architecture): string {
  return path.join(cacheFolder(), published[architecture].file);
}

export async function isImageNetFetched(architecture: Architecture): Promise<boolean> {
  return (await stat(imageNetFile(architecture)).catch(() => null)) !== null;
}

/** What choosing these weights means, in words; nothing is read or fetched for it. */
export async function aboutWeights(source: string, architecture: Architecture): Promise<string> {
  if (source === 'none') return 'random';
  if (source !== 'imagenet') return 'a file';
  return (await isImageNetFetched(architecture))
    ? 'fetched'
    : `${published[architecture].megabytes} MB, to be fetched when first needed`;
}

/**
 * From the cache, or fetched into it; their checksum is held either way.
 * @throws GillnetError WEIGHTS_UNAVAILABLE
 */
export async function imageNetWeights(
  architecture: Architecture,
  signal?: AbortSignal,
): Promise<{ bytes: Buffer; sha256: string }> {
  const { file: name, sha256, megabytes } = published[architecture];
  const file = imageNetFile(architecture);
  const cached = await readFile(file).catch(() => null);
  if (cached && sha256Of(cached) === sha256) return { bytes: cached, sha256 };
  try {
    const bytes = await download(folder + name, signal);
    if (sha256Of(bytes) !== sha256) throw new Error('what arrived has another checksum');
    await makeFolder(path.dirname(file));
    await replaceFile(file, bytes);
    return { bytes, sha256 };
  } catch (cause) {
    signal?.throwIfAborted();
    const reason = (cause as { cause?: { code?: string } }).cause?.code ?? messageOf(cause);
    throw new GillnetError(
      'WEIGHTS_UNAVAILABLE',
      `The ImageNet weights (${megabytes} MB) could not be fetched: ${reason}. Fetch ${folder}${name} ` +
        `elsewhere and give it with \`--weights FILE\`, or put it at ${file}.`,
      { cause },
    );
  }
}

/** Only the connection has a time limit of its own; a slow download may take as long as it moves. */
async function download(url: string, signal?: AbortSignal): Promise<Buffer> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), connectMilliseconds);
  const signals = [patience.signal, ...(signal ? [signal] : [])];
  const response = await fetch(url, { signal: AbortSignal.any(signals) }).finally(() =>
    clearTimeout(timer),
  );
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
