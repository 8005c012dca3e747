import { unpickle } from './pickle.js';
import { notState } from './refusals.js';
import { isSizes, type Storage, StoredTensor, storageTypes } from './stored-tensor.js';

/** The pickle of `torch.save`: plain data, and tensors that refer to storages by persistent ids. */

const rebuilt = ([storage, offset, shape, strides]: unknown[]) =>
  new StoredTensor(storage, offset, shape, strides);

/** Named by PyTorch's torch/_utils.py, and what their arguments become. */
const globals = new Map<string, unknown>([
  ['collections.OrderedDict', orderedDict],
  ['torch._utils._rebuild_tensor', rebuilt],
  ['torch._utils._rebuild_tensor_v2', rebuilt],
  ['torch._utils._rebuild_parameter', ([tensor]: unknown[]) => tensor],
  ...[...storageTypes.keys()].map((type): [string, string] => [`torch.${type}`, type]),
]);

/**
 * Dictionaries as Maps, tensors as StoredTensors.
 * @returns also where the bytes behind the pickle begin
 * @throws GillnetError BAD_MODEL_FILE
 */
export function readTorchPickle(bytes: Uint8Array) {
  const storages = new Map<string, Storage>();
  const persistent = (id: unknown): Storage => {
    // Of PyTorch's first releases, a sixth part makes it a view of another storage.
    const [kind, type, key, , count, view] = Array.isArray(id) ? id : [];
    const isKnown = kind === 'storage' && storageTypes.has(type) && typeof key === 'string';
    if (!isKnown || !isSizes([count])) throw notState('it refers to something that is no storage');
    if (view !== undefined && view !== null) throw notState('it refers to a view of a storage');
    const before = storages.get(key);
    if (before && (before.type !== type || before.count !== count)) {
      throw notState('it describes one storage in two ways');
    }
    const storage = before ?? { type, key, count };
    storages.set(key, storage);
    return storage;
  };
  return { ...unpickle(bytes, globals, persistent), storages };
}

/** Python 2 gives its items as a list of pairs. */
function orderedDict([items = []]: unknown[]): Map<unknown, unknown> {
  const isPairs =
    Array.isArray(items) && items.every((pair) => Array.isArray(pair) && pair.length === 2);
  if (!isPairs) throw notState('an OrderedDict is described wrongly');
  // Taken out: to recall a long list again and again would take for ever.
  return new Map(items.splice(0) as [unknown, unknown][]);
}
