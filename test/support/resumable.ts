import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import { decodeModel, type Model } from '../../lib/model/model-file.js';
import type { GillnetEvent } from '../../lib/pipeline/events.js';
import { random } from '../../lib/random.js';
import { ofType } from './events.js';
import { sameState } from './native.js';
import { writeFiles } from './photos.js';

/** A training of seconds through the command line, whose checkpoints are always under way: for what may end it. */

const size = 64;

/** Writes photos of two labels that noise makes hard to tell, as many for validation as a temperature needs. */
export async function writeNoisyPhotos(folder: string): Promise<void> {
  const files: Record<string, Buffer> = {};
  for (const [label, brightness] of Object.entries({ dark: 70, light: 90 })) {
    for (const [split, count] of Object.entries({ train: 10, val: 26 })) {
      for (let index = 0; index < count; index += 1) {
        const noise = random(1, label, split, index);
        const values = Buffer.from(
          Array.from({ length: size * size * 3 }, () => brightness + noise.integer(120)),
        );
        const raw = { width: size, height: size, channels: 3 } as const;
        files[`${split}/${label}/${index}.png`] = await sharp(values, { raw }).png().toBuffer();
      }
    }
  }
  await writeFiles(folder, files);
}

/** A new training on those in `data`. */
export const trainArgs = [
  ...['train', '--json', '--yes', '--data', 'data', '--weights', 'none', '--trust-labels'],
  ...['--validation', 'catalog', '--image-size', String(size), '--batch-size', '8'],
  ...['--epochs', '3', '--threads', '2', '--checkpoint-seconds', '0.05'],
];

export const resumeArgs = (run: string) => [
  ...['train', '--json', '--resume', run, '--trust-labels', '--checkpoint-seconds', '0.05'],
];

/** The one model of a folder, which holds nothing else but what stands beside it. */
export async function onlyModelIn(folder: string): Promise<Model> {
  const names = await readdir(folder);
  const models = names.filter((name) => name.endsWith('.pt'));
  assert.is(models.length, 1, names.join());
  const [name] = models as [string];
  const beside = [name, name.replace('.pt', '.md')];
  assert.equal(
    names.filter((each) => !beside.includes(each)),
    [],
  );
  return decodeModel(await readFile(path.join(folder, name)), name);
}

/** What stands in a run's folder that is of no use once the run has ended. */
export async function leftIn(run: string): Promise<string[]> {
  const kept = /^(config|photos|publication|guard)\.json$|^events\.jsonl$|^report\.html$/;
  return (await readdir(run)).filter((name) => !kept.test(name));
}

/** Asserts that two trainings came to the same: each tensor, the temperature, and what is told of each epoch. */
export function sameTraining(actual: Model, expected: Model): void {
  sameState(actual.state, expected.state);
  const { temperature, metrics, tensorsSha256 } = expected.description;
  const told = actual.description;
  assert.equal(
    [told.temperature, told.metrics, told.tensorsSha256],
    [temperature, metrics, tensorsSha256],
  );
}

/** What an epoch came to, without the time that it took. */
export function figuresOf(epochs: GillnetEvent<'epoch'>[]): unknown[] {
  return epochs.map(({ time: _, seconds: __, imagesPerSecond: ___, ...figures }) => figures);
}

/** The epochs that a resumed run tells: those before its checkpoint, and those after it. */
export function epochsOf(events: GillnetEvent[]): unknown[] {
  const history = ofType(events, 'resumed').at(-1)?.history ?? [];
  return figuresOf([...history, ...ofType(events, 'epoch')]);
}
