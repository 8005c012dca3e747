import { encodeModel, type ModelDescription } from '../../lib/model/model-file.js';
import { imageNetMean, imageNetStd } from '../../lib/model/normalization.js';
import { recipes } from '../../lib/pipeline/recipes.js';
import { float32 } from './tensors.js';

/** What a model says of itself, with what the test changes. */
export function descriptionWith(changes: Partial<ModelDescription> = {}): ModelDescription {
  return {
    formatVersion: 1,
    architecture: 'resnet18',
    classes: ['cat', 'dog'],
    imageSize: 64,
    mean: imageNetMean,
    std: imageNetStd,
    resize: 'whole photo to a square, bilinear, antialiased',
    createdAt: '2026-01-02T03:04:05.000Z',
    recipe: recipes.scratch,
    seed: 7,
    metrics: { epoch: 3, valAccuracy: 0.75 },
    photos: { train: 8, val: 2 },
    dataFingerprint: 'ab'.repeat(32),
    baseWeights: null,
    versions: { gillnet: '0.1.0', libtorch: '2.0.0' },
    ...changes,
  };
}

/** A model's file, whole but for a network: `kilobytes` of weights stand in for one. */
export function modelFile(changes: Partial<ModelDescription> = {}, kilobytes = 1): Buffer {
  const values = Array.from({ length: kilobytes * 256 }, (_, index) => index % 251);
  const description = descriptionWith(changes);
  return encodeModel({ description, state: { weights: float32([values.length], values) } });
}
