import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { mapConcurrent } from '../concurrency.js';
import { GillnetError, ioError } from '../errors.js';
import { makeFolder, sweep, temporaryName } from '../files.js';
import { random } from '../random.js';
import { drawPhoto } from './scene.js';
import { species } from './species.js';

export interface SampleOptions {
  /** The same seed draws the same photos; where none is given, any that are there will do, else those of 1. */
  seed?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Photos of each species. */
  perClass?: PerClass;
}

type PerClass = { [split in Planned['split']]: number };

/** How far the drawing is. */
export interface SampleProgress {
  done: number;
  total: number;
}

/** Grows with every change of the drawing, so that an older sample is drawn anew. */
const drawingVersion = 2;
const defaultPerClass: PerClass = { train: 100, test: 24 };
/** Test photos that stand in train as well, as in data that people collect. */
const leakCount = 8;
const foldCount = 3;
const recordName = 'sample.json';
/** What a sample's folder says of itself; older ones do not tell how many photos of each species they have. */
type Drawn = { seed: number; perClass: PerClass; drawingVersion: number };

interface Planned {
  split: 'train' | 'test';
  index: number;
  kind: (typeof species)[number];
}

/**
 * Draws the sample set into `folder`: five species of fish as train/ and test/, some of them in both on
 * purpose, one broken photo and one file that is none. The folder appears whole or not at all; one that
 * holds the same sample already is left as it is.
 * @throws GillnetError EXISTS when the folder holds something else, IO, INTERRUPTED
 */
export async function* writeSample(
  folder: string,
  { seed: asked, signal, perClass = defaultPerClass }: SampleOptions,
): AsyncGenerator<SampleProgress, void> {
  const found = await foundIn(folder);
  const seed = asked ?? found?.seed ?? 1;
  const record: Drawn = { seed, drawingVersion, perClass };
  if (found && isDeepStrictEqual({ perClass: defaultPerClass, ...found }, record)) return;
  if (found && found.drawingVersion === drawingVersion) {
    throw taken(folder, `holds the sample of seed ${found.seed}, and what was added to it`);
  }

  const parent = path.dirname(path.resolve(folder));
  const work = path.join(parent, temporaryName());
  try {
    await makeFolder(parent);
    await sweep(parent);
    yield* draw(work, { seed, signal, perClass });
    await writeFile(path.join(work, recordName), `${JSON.stringify(record)}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
  } catch (cause) {
    if (cause instanceof GillnetError) throw cause;
    throw ioError(`write the sample photos to ${folder}`, cause);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The sample that a folder holds; null for one that is empty or not there. @throws GillnetError EXISTS for anything else */
async function foundIn(folder: string): Promise<Partial<Drawn> | null> {
  try {
    if ((await readdir(folder)).length === 0) return null;
    const found: Partial<Drawn> = JSON.parse(await readFile(path.join(folder, recordName), 'utf8'));
    if (Number.isSafeInteger(found.seed) && Number.isSafeInteger(found.drawingVersion))
      return found;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && syscall === 'scandir') return null;
  }
  throw taken(folder, 'holds other files');
}

function taken(folder: string, why: string): GillnetError {
  return new GillnetError('EXISTS', `${folder} ${why}. Name a folder that is empty or not there.`);
}

async function* draw(
  folder: string,
  { seed, signal, perClass }: Pick<SampleOptions, 'signal'> & Omit<Drawn, 'drawingVersion'>,
): AsyncGenerator<SampleProgress, void> {
  const planned: Planned[] = (['train', 'test'] as const).flatMap((split) =>
    species.flatMap((kind) =>
      Array.from({ length: perClass[split] }, (_, index) => ({ split, index, kind })),
    ),
  );
  for (const { split, kind } of planned) {
    await makeFolder(path.join(folder, split, kind.label));
  }

  const written: { split: string; label: string; name: string; bytes: Buffer }[] = [];
  const drawn = mapConcurrent(
    planned,
    2 * availableParallelism(),
    async ({ split, index, kind }) => {
      signal?.throwIfAborted();
      const { bytes, ending } = await drawPhoto(
        kind,
        random(seed, 'sample', split, kind.label, index),
      );
      const name = nameOf(kind.label, index, ending);
      await writeFile(path.join(folder, split, kind.label, name), bytes);
      return { split, label: kind.label, name, bytes };
    },
  );
  for await (const photo of drawn) {
    written.push(photo);
    if (written.length % 20 === 0) yield { done: written.length, total: planned.length };
  }

  // What collected data is like: copies on both sides, copies within train, and what is no photo.
  const chosen = (split: string, count: number) =>
    random(seed, 'copies', split)
      .shuffle(written.filter((photo) => photo.split === split))
      .slice(0, count);
  for (const { label, name, bytes } of [
    ...chosen('test', leakCount),
    ...chosen('train', foldCount),
  ]) {
    await writeFile(path.join(folder, 'train', label, `copy of ${name}`), bytes);
  }
  const [broken] = chosen('train', foldCount + 1).slice(-1);
  if (broken) {
    const half = broken.bytes.subarray(0, broken.bytes.length / 2);
    await writeFile(path.join(folder, 'train', broken.label, 'cut off.jpg'), half);
  }
  await writeFile(path.join(folder, 'train', '.DS_Store'), 'not a photo\n');
}

/** Names as people and cameras make them. */
function nameOf(label: string, index: number, ending: string): string {
  if (index % 10 === 3) return `${label} (${index}).${ending}`;
  if (index % 10 === 7) return `IMG_${String(2000 + index)}.${ending}`;
  return `${label.toLowerCase()}-${String(index).padStart(3, '0')}.${ending}`;
}
