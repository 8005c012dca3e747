/** The network and the photos that the programs of bench/inference.ts all compute with. */
import type { Architecture } from '../lib/model/architecture.js';
import { Classifier } from '../lib/model/classifier.js';
import type { Model, ModelDescription } from '../lib/model/model-file.js';
import type { NativeBatch } from '../lib/native.js';
import { random } from '../lib/random.js';

export const imageSize = 224;

/** Of random weights, always the same ones. */
export const networkOf = (architecture: Architecture): Classifier =>
  new Classifier({ architecture, classes: ['a', 'b', 'c', 'd', 'e'], imageSize, seed: 1 });

/** That network as a model. */
export async function modelOf(
  architecture: Architecture,
): Promise<Pick<Model, 'description' | 'state'>> {
  const classifier = networkOf(architecture);
  const { classes, mean, std, resize } = classifier;
  const description = {
    ...{ formatVersion: 1, architecture, classes, imageSize, resize, mean, std },
  } as ModelDescription;
  const state = await classifier.state();
  classifier.dispose();
  return { description, state };
}

/** Photos of noise, other ones by each name. */
export function noise(name: string, count: number): NativeBatch {
  const draw = random(1, name);
  const pixels = Uint8Array.from({ length: count * imageSize ** 2 * 3 }, () => draw.integer(256));
  return { pixels, count, height: imageSize, width: imageSize };
}
