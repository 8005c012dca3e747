import { GillnetError } from '../errors.js';
import type { NativeState, NativeTensor } from '../native.js';
import { type Architecture, shapeOf, titleOf } from './architecture.js';
import { requireFinite } from './finite.js';
import { tensorsOf } from './graph.js';

/**
 * All tensors of a network, in torchvision's order. Step counts of batch norm, which old files lack, begin at 0.
 * @throws GillnetError BAD_MODEL_FILE where one is missing, unknown, of another shape or type, or not finite
 */
export function wholeState(
  given: NativeState,
  architecture: Architecture,
  classes: number,
): NativeState {
  const bad = (reason: string) =>
    new GillnetError(
      'BAD_MODEL_FILE',
      `These are not the tensors of a ${titleOf(architecture)} with torchvision's names: ${reason}.`,
    );
  const expected = tensorsOf(shapeOf(architecture), classes);
  const whole: NativeState = {};
  for (const [name, { dtype, shape }] of expected) {
    const tensor = Object.hasOwn(given, name) ? given[name] : unseen(name);
    if (!tensor) throw bad(`${name} is missing`);
    if (tensor.dtype !== dtype || String(tensor.shape) !== String(shape)) {
      const described = `${tensor.dtype} [${tensor.shape.join(', ')}]`;
      throw bad(`${name} is ${described} instead of ${dtype} [${shape.join(', ')}]`);
    }
    whole[name] = tensor;
  }
  const unknown = Object.keys(given).find((name) => !expected.has(name));
  if (unknown !== undefined) throw bad(`${unknown} is none of its own`);
  requireFinite(whole);
  return whole;
}

function unseen(name: string): NativeTensor | undefined {
  if (!name.endsWith('.num_batches_tracked')) return undefined;
  return { dtype: 'int64', shape: [], data: new Uint8Array(8) };
}
