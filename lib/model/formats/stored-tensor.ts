import type { NativeState, NativeTensor } from '../../native.js';
import { shown } from '../shown.js';
import { notState } from './refusals.js';
import { bytesOf, nativeTypeOf, type StoredType, toNative } from './tensor-types.js';

/** Tensors as PyTorch's pickles describe them: a part of a storage, seen through strides. */

export interface Storage {
  /** By PyTorch's name, such as `FloatStorage`. */
  type: string;
  key: string;
  /** Of its values. */
  count: number;
}

/** What a pickle says of a tensor, unchecked: most of a checkpoint's are never read. */
export class StoredTensor {
  constructor(
    readonly storage: unknown,
    readonly offset: unknown,
    readonly shape: unknown,
    readonly strides: unknown,
  ) {}
}

/** Bytes of a value, and the type of those that tensors are read of. */
export const storageTypes = new Map<string, { bytes: number; type?: StoredType }>([
  ['FloatStorage', { bytes: 4, type: 'float32' }],
  ['LongStorage', { bytes: 8, type: 'int64' }],
  ['HalfStorage', { bytes: 2, type: 'float16' }],
  ['BFloat16Storage', { bytes: 2, type: 'bfloat16' }],
  ['DoubleStorage', { bytes: 8, type: 'float64' }],
  ['IntStorage', { bytes: 4 }],
  ['ShortStorage', { bytes: 2 }],
  ['CharStorage', { bytes: 1 }],
  ['ByteStorage', { bytes: 1 }],
  ['BoolStorage', { bytes: 1 }],
]);

/** As many as PyTorch's operators take: ATen/WrapDimUtilsMulti.h. */
const mostDimensions = 64;
/** Tensors may share storages, and float16 doubles; still a small file must not fill the memory. */
const mostGrowth = 4;

/**
 * Reads the tensors that are described, by their names.
 * @param bytesOfStorage null where the file holds none of this key
 * @param fileBytes the tensors take a few times as much at most
 * @throws GillnetError BAD_MODEL_FILE
 */
export function readTensors(
  described: Map<string, StoredTensor>,
  bytesOfStorage: (key: string) => Uint8Array | undefined,
  fileBytes: number,
): NativeState {
  let total = 0;
  const tensors: [string, NativeTensor][] = [];
  for (const [name, tensor] of described) {
    const layout = layoutOf(name, tensor);
    total += layout.count * bytesOf[nativeTypeOf(layout.type)];
    if (total > mostGrowth * fileBytes) {
      throw notState(`its tensors are more than ${mostGrowth} times larger than the file`);
    }
    const bytes = bytesOfStorage(layout.storage.key);
    tensors.push([name, tensorOf(name, layout, bytes)]);
  }
  // An assignment to `state.__proto__` would be lost.
  return Object.fromEntries(tensors);
}

/** A few whole numbers from 0 on, as shapes, strides and offsets are. */
export function isSizes(value: unknown): value is number[] {
  const isFew = Array.isArray(value) && value.length <= mostDimensions;
  return isFew && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

interface Layout {
  storage: Storage;
  type: StoredType;
  offset: number;
  shape: number[];
  strides: number[];
  /** Of its values. */
  count: number;
}

function layoutOf(name: string, tensor: StoredTensor): Layout {
  const { offset, shape, strides } = tensor;
  const storage = (tensor.storage ?? {}) as Partial<Storage>;
  const isDescribed =
    typeof storage.key === 'string' && isSizes([offset]) && isSizes(shape) && isSizes(strides);
  if (!isDescribed || shape.length !== strides.length) {
    throw notState(`its tensor ${shown(name)} is described wrongly`);
  }
  const type = storageTypes.get(storage.type as string)?.type;
  if (!type) {
    throw notState(
      `its tensor ${shown(name)} is a ${shown(storage.type as string)}; float32, float64, float16, bfloat16 and ` +
        'int64 are read',
    );
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(count)) {
    throw notState(`its tensor ${shown(name)} is larger than any memory`);
  }
  return { storage: storage as Storage, type, offset: offset as number, shape, strides, count };
}

function tensorOf(name: string, layout: Layout, bytes: Uint8Array | undefined): NativeTensor {
  const { storage, type, offset, shape, strides, count } = layout;
  const width = bytesOf[type];
  if (!bytes) throw notState(`its tensor ${shown(name)} refers to a storage that it does not hold`);
  if (bytes.length !== storage.count * width) {
    throw notState(
      `the storage of its tensor ${shown(name)} has ${bytes.length} bytes for ${storage.count} values`,
    );
  }
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] as number), 0);
  if (count > 0 && (offset + last + 1) * width > bytes.length) {
    throw notState(`its tensor ${shown(name)} reaches beyond its bytes`);
  }
  const values = isContiguous(shape, strides)
    ? bytes.subarray(offset * width, (offset + count) * width)
    : gathered(bytes, layout);
  // A copy of the shape: a pickle may name one list for many tensors.
  return { dtype: nativeTypeOf(type), shape: [...shape], data: toNative(type, values) };
}

function isContiguous(shape: number[], strides: number[]): boolean {
  let packed = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    const size = shape[axis] as number;
    if (size !== 1 && strides[axis] !== packed) return false;
    packed *= size;
  }
  return true;
}

/** Another order of axes, such as channels_last, value by value in the order of the shape. */
function gathered(bytes: Uint8Array, { type, offset, shape, strides, count }: Layout): Uint8Array {
  const width = bytesOf[type];
  const data = new Uint8Array(count * width);
  const index = shape.map(() => 0);
  let from = offset;
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
  return data;
}
