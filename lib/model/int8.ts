import { GillnetError } from '../errors.js';
import { loadAddon } from '../native.js';
import { type Architecture, shapeOf } from './architecture.js';
import { tensorsOf } from './graph.js';
import type { Int8, Model } from './model-file.js';

/** Whether this processor has instructions that int8 is worth while with. */
export function infersInt8(): boolean {
  return loadAddon().kernels() !== 'none';
}

/** Whether a model's record can be what a network of `architecture` needs to infer in int8. */
export function isInt8Of(architecture: Architecture, record: unknown): record is Int8 {
  const { maxima, valAccuracy }: Partial<Int8> = Object(record);
  const weights = [...tensorsOf(shapeOf(architecture), 1).values()];
  const convolutions = weights.filter(({ shape }) => shape.length === 4).length;
  const isMaximum = (value: unknown) =>
    typeof value === 'number' && Math.fround(value) > 0 && Number.isFinite(Math.fround(value));
  return (
    Array.isArray(maxima) &&
    maxima.length === convolutions &&
    maxima.every(isMaximum) &&
    Number.isFinite(valAccuracy)
  );
}

/**
 * For `Classifier.quantize`.
 * @throws GillnetError USAGE where the model has none, INVALID_ARGUMENT where the processor lacks AVX2
 */
export function maximaOf({
  description: { int8 },
  name = 'The model',
}: Pick<Model, 'description'> & { name?: string }): Float32Array {
  if (!int8) {
    throw new GillnetError(
      'USAGE',
      `${name} is not calibrated for int8. Train one with \`gillnet train --int8\`, or leave out \`--int8\`.`,
    );
  }
  if (!infersInt8()) {
    throw new GillnetError(
      'INVALID_ARGUMENT',
      'int8 needs a processor with AVX2, and this one has none. Leave out `--int8`.',
    );
  }
  return Float32Array.from(int8.maxima);
}
