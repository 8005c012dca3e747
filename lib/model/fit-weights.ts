import { GillnetError } from '../errors.js';
import type { NativeState, NativeTensor } from '../native.js';
import { type Architecture, architectureOf, defaultArchitecture, titleOf } from './architecture.js';
import { shown } from './shown.js';

const head = ['fc.weight', 'fc.bias'];

/**
 * The part of `given` that a network of other classes starts from: everything but a head of another
 * size. Step counts of batch norm, which old files lack, may be missing.
 * @param expected the network's own state
 * @param architecture of that network
 * @throws GillnetError BAD_MODEL_FILE for another architecture, naming it where it is one of gillnet's
 */
export function fitWeights(
  given: NativeState,
  expected: NativeState,
  architecture: Architecture = defaultArchitecture,
): NativeState {
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
    unknown.length > 0 && `${unknown.length} are unknown (${shown(unknown[0] as string)})`,
    reshaped.length > 0 && `${reshaped.length} have another shape or type (${reshaped[0]})`,
  ].filter(Boolean);
  if (faults.length > 0) {
    const title = titleOf(architecture);
    const other = architectureOf(given);
    const advice =
      other && other !== architecture
        ? ` These are a ${titleOf(other)}'s; give --model ${other}.`
        : '';
    throw new GillnetError(
      'BAD_MODEL_FILE',
      `The weights are not those of a ${title} with torchvision's names: ${faults.join(', ')}.${advice}`,
    );
  }
  return Object.fromEntries(names.map((name) => [name, given[name] as NativeTensor]));
}
