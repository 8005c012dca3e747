import { unpickle } from './pickle.js';
import { notWhole } from './refusals.js';
import { type Storage, storageTypes } from './stored-tensor.js';
import { readTorchPickle } from './torch-pickle.js';

/**
 * Files that `torch.save` wrote before PyTorch 1.6, as torchvision's older ones are: pickles of a magic number,
 * a protocol, the machine, the object and the keys of its storages, and then the storages, each behind
 * the number of its values (torch/serialization.py, _legacy_save).
 */

/** Rounded as `unpickle` rounds. */
const magic = Number(0x1950a86a20f9469cfc6cn);
const protocol = 1001;

/** A file of the old kind begins with a pickle. */
export function isLegacy(file: Uint8Array): boolean {
  return file[0] === 0x80;
}

/** @throws GillnetError BAD_MODEL_FILE */
export function readLegacy(file: Uint8Array) {
  let rest = file;
  const plain = () => {
    const { value, end } = unpickle(rest, new Map(), () => null);
    rest = rest.subarray(end);
    return value;
  };
  if (plain() !== magic)
    throw notWhole('it begins with a pickle, but not as a file of torch.save does');
  if (plain() !== protocol) throw notWhole('it has another protocol than 1001');
  const machine = plain();
  if (!(machine instanceof Map) || machine.get('little_endian') !== true) {
    throw notWhole('its bytes are big-endian');
  }
  const { value, end, storages } = readTorchPickle(rest);
  rest = rest.subarray(end);
  const keys = plain();
  if (!Array.isArray(keys)) throw notWhole('it does not list its storages');
  const held = readStorages(keys, storages, rest);
  return { value, bytesOfStorage: (key: string) => held.get(key) };
}

function readStorages(
  keys: unknown[],
  storages: Map<unknown, Storage>,
  bytes: Uint8Array,
): Map<unknown, Uint8Array> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const held = new Map<unknown, Uint8Array>();
  let at = 0;
  for (const key of keys) {
    const storage = storages.get(key);
    if (!storage || held.has(key))
      throw notWhole('it lists a storage that no tensor has, or one twice');
    const start = at + 8;
    if (start > view.length) throw notWhole('its storages are cut off');
    if (view.readBigInt64LE(at) !== BigInt(storage.count)) {
      throw notWhole('a storage has another number of values than its tensors say');
    }
    at = start + storage.count * (storageTypes.get(storage.type)?.bytes ?? 0);
    if (at > view.length) throw notWhole('its storages are cut off');
    held.set(key, view.subarray(start, at));
  }
  if (at !== view.length) throw notWhole('it goes on behind its storages');
  return held;
}
