import { GillnetError } from '../errors.js';
import type { NativeState, NativeTensor } from '../native.js';
import { type Pickleable, pickle, unpickle } from './pickle.js';
import { readZip, writeZip } from './zip.js';

/** Files of `torch.save(state_dict)`: a ZIP of a pickle that describes tensors, and of their bytes. */

export interface TorchFile {
  state: NativeState;
  /** Further entries of the ZIP by their name, which PyTorch leaves alone. */
  records: Map<string, Uint8Array>;
}

const storageTypes = {
  FloatStorage: { dtype: 'float32', bytes: 4 },
  LongStorage: { dtype: 'int64', bytes: 8 },
} as const;
type StorageType = keyof typeof storageTypes;

/** Entries of PyTorch's own; those whose name begins with a dot are newer releases'. */
const ownEntry = /^(data\.pkl|byteorder|version|data\/.*|\..*)$/;

/** As many as PyTorch's operators take: ATen/WrapDimUtilsMulti.h. */
const mostDimensions = 64;

/** Known well enough to be named in an error. */
const otherStorages = ['Half', 'BFloat16', 'Double', 'Int', 'Short', 'Char', 'Byte', 'Bool'];

const bad = (reason: string) =>
  new GillnetError('BAD_MODEL_FILE', `It is not a state_dict: ${reason}.`);

interface Storage {
  type: StorageType;
  bytes: Uint8Array;
}

/**
 * Reads tensors without executing anything.
 * @throws GillnetError BAD_MODEL_FILE when it is damaged, hostile, or holds something else
 */
export function readTorchFile(file: Uint8Array): TorchFile {
  const entries = readZip(file);
  const pickleName = [...entries.keys()].find((name) => name.endsWith('/data.pkl'));
  const pickled = pickleName && entries.get(pickleName);
  if (!pickled) throw bad('it holds no data.pkl');
  const folder = pickleName.slice(0, -'data.pkl'.length);
  if (entries.get(`${folder}byteorder`)?.toString() === 'big') {
    throw bad('its bytes are big-endian');
  }

  const persistent = (id: unknown): Storage => {
    const [kind, type, key] = Array.isArray(id) ? id : [];
    if (kind !== 'storage' || typeof type !== 'string' || typeof key !== 'string') {
      throw bad('it refers to something that is no storage');
    }
    const bytes = entries.get(`${folder}data/${key}`);
    if (!Object.hasOwn(storageTypes, type) || !bytes) {
      throw bad(`it refers to ${type} ${key}, which it does not hold as float32 or int64`);
    }
    return { type: type as StorageType, bytes };
  };
  let copied = 0;
  // A stride of 0 makes a tensor of any size of one value.
  const allocate = (bytes: number): Uint8Array => {
    copied += bytes;
    if (copied > file.length) throw bad('its tensors are larger than the file');
    return new Uint8Array(bytes);
  };
  const globals = {
    'collections.OrderedDict': () => new Map(),
    'torch._utils._rebuild_tensor_v2': (args: unknown[]) => rebuildTensor(args, allocate),
    'torch._utils._rebuild_parameter': ([tensor]: unknown[]) => tensor,
    ...Object.fromEntries(
      [...Object.keys(storageTypes), ...otherStorages.map((name) => `${name}Storage`)].map(
        (name) => [`torch.${name}`, name],
      ),
    ),
  };
  let root = unpickle(pickled, globals, persistent);
  // Training scripts often wrap it.
  if (root instanceof Map && root.get('state_dict') instanceof Map) root = root.get('state_dict');
  if (!(root instanceof Map)) throw bad('it holds no dictionary');

  const tensors: [string, NativeTensor][] = [];
  for (const [name, tensor] of root) {
    if (typeof name !== 'string') throw bad('a name is no text');
    if (!isTensor(tensor)) throw bad(`${name} is no tensor`);
    tensors.push([name, tensor]);
  }
  const records = new Map(
    [...entries]
      .filter(([name]) => name.startsWith(folder))
      .map(([name, bytes]): [string, Uint8Array] => [name.slice(folder.length), bytes])
      .filter(([name]) => !ownEntry.test(name)),
  );
  // An assignment to `state.__proto__` would be lost.
  return { state: Object.fromEntries(tensors), records };
}

function isTensor(value: unknown): value is NativeTensor {
  return value instanceof Object && 'dtype' in value && 'data' in value;
}

/** A few whole numbers from 0 on, as shapes, strides and offsets are. */
export function isSizes(value: unknown): value is number[] {
  const isFew = Array.isArray(value) && value.length <= mostDimensions;
  return isFew && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

function rebuildTensor(
  [storage, offset, shape, strides]: unknown[],
  allocate: (bytes: number) => Uint8Array,
): NativeTensor {
  const { type, bytes } = (storage ?? {}) as Storage;
  if (
    !type ||
    !isSizes([offset]) ||
    !isSizes(shape) ||
    !isSizes(strides) ||
    shape.length !== strides.length
  ) {
    throw bad('a tensor is described wrongly');
  }
  const { dtype, bytes: width } = storageTypes[type];
  const count = shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(count)) throw bad('a tensor is larger than any memory');
  const last = shape.reduce(
    (sum, size, axis) => sum + (size - 1) * (strides[axis] as number),
    Number(offset),
  );
  if (count > 0 && (last + 1) * width > bytes.length) {
    throw bad('a tensor reaches beyond its bytes');
  }
  const packed = contiguousStrides(shape);
  const contiguous = strides.every((stride, axis) => shape[axis] === 1 || stride === packed[axis]);
  const start = Number(offset) * width;
  if (contiguous) return { dtype, shape, data: bytes.subarray(start, start + count * width) };

  // Another order of axes, such as channels_last: gathered value by value.
  const data = allocate(count * width);
  const index = shape.map(() => 0);
  let from = Number(offset);
  for (let position = 0; position < count; position += 1) {
    for (let i = 0; i < width; i += 1) {
      data[position * width + i] = bytes[from * width + i] as number;
    }
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const [size, stride] = [shape[axis] as number, strides[axis] as number];
      index[axis] = (index[axis] as number) + 1;
      from += stride;
      if (index[axis] !== size) break;
      index[axis] = 0;
      from -= size * stride;
    }
  }
  return { dtype, shape, data };
}

/** Steps between neighbours along each axis, in values. */
function contiguousStrides(shape: number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
}

const orderedDict: Pickleable = { call: [{ global: ['collections', 'OrderedDict'] }, []] };

/** A tensor whose bytes are the record `data/<key>`. @param trains whether PyTorch asks for its gradient */
export function pickledTensor(
  { dtype, shape, data }: NativeTensor,
  key: string,
  trains: boolean,
): Pickleable {
  const type: StorageType = dtype === 'int64' ? 'LongStorage' : 'FloatStorage';
  const count = data.length / storageTypes[type].bytes;
  const storage: Pickleable = {
    persistent: ['storage', { global: ['torch', type] }, key, 'cpu', count],
  };
  const sizes: Pickleable[] = [{ tuple: shape }, { tuple: contiguousStrides(shape) }];
  const rebuild: Pickleable = { global: ['torch._utils', '_rebuild_tensor_v2'] };
  return { call: [rebuild, [storage, 0, ...sizes, trains, orderedDict]] };
}

/** A file that `torch.load(file, weights_only=True)` reads, with further records beside. */
export function writeTorchFile({ state, records }: TorchFile): Buffer {
  const tensors = Object.entries(state);
  const pickled = pickle({
    of: orderedDict,
    items: tensors.map(([name, tensor], key) => [name, pickledTensor(tensor, String(key), false)]),
  });
  const folder = 'archive/';
  return writeZip([
    [`${folder}data.pkl`, pickled],
    [`${folder}byteorder`, Buffer.from('little')],
    ...tensors.map(([, { data }], key): [string, Uint8Array] => [`${folder}data/${key}`, data]),
    [`${folder}version`, Buffer.from('3\n')],
    ...[...records].map(([name, bytes]): [string, Uint8Array] => [folder + name, bytes]),
  ]);
}
