import type { NativeState } from '../../native.js';
import { shown } from '../shown.js';
import { notState } from './refusals.js';
import { StoredTensor } from './stored-tensor.js';

/** Where training scripts keep a state_dict, and what they put before its names. */

/** timm's averaged weights before its others, as timm itself loads them; then Lightning's, and others'. */
const wrappers = ['state_dict_ema', 'state_dict', 'model_state_dict', 'model'];

/** Of DataParallel, of a model within a module, of torch.compile. */
const prefixes = ['module.', 'model.', '_orig_mod.'];

/**
 * The tensors of a checkpoint by their names: of the first of `state_dict_ema`, `state_dict`,
 * `model_state_dict` and `model` that is a dictionary, else of the checkpoint itself. What else the
 * checkpoint holds, such as an optimizer's state, is left alone.
 * @throws GillnetError BAD_MODEL_FILE
 */
export function stateDictOf(root: unknown): Map<string, StoredTensor> {
  if (!(root instanceof Map)) throw notState('it holds no dictionary');
  const wrapped = wrappers.map((name) => root.get(name)).find((each) => each instanceof Map);
  const state: Map<unknown, unknown> = wrapped ?? root;
  for (const [name, tensor] of state) {
    if (typeof name !== 'string') throw notState('a name is no text');
    if (tensor instanceof StoredTensor) continue;
    throw notState(
      `${shown(name)} is no tensor. Expected a dictionary of tensors, by itself or as ${wrappers.join(', ')}`,
    );
  }
  return state as Map<string, StoredTensor>;
}

/** Without `module.`, `model.` and `_orig_mod.`, in any order, where all names begin with them. */
export function withoutPrefixes(state: NativeState): NativeState {
  let shorter = state;
  // Each once at most: a hostile name may repeat them a million times.
  for (const _ of prefixes) {
    const names = Object.keys(shorter);
    const prefix = prefixes.find((each) => names.every((name) => name.startsWith(each)));
    if (!prefix || names.length === 0) break;
    shorter = Object.fromEntries(
      Object.entries(shorter).map(([name, tensor]) => [name.slice(prefix.length), tensor]),
    );
  }
  return shorter;
}
