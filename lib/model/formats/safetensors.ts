import { GillnetError } from '../../errors.js';
import type { NativeState, NativeTensor } from '../../native.js';
import { shown } from '../shown.js';
import { hasDuplicateKeys } from './duplicate-keys.js';
import { isSizes } from './stored-tensor.js';
import { bytesOf, nativeTypeOf, type StoredType, toNative } from './tensor-types.js';

const dtypes = new Map<string, StoredType>([
  ['F32', 'float32'],
  ['I64', 'int64'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['F64', 'float64'],
]);

/** Of bytes. Hundreds of times a ResNet's; the format itself allows 100 MB. */
const longestHeader = 4 * 1024 * 1024;

const bad = (reason: string) =>
  new GillnetError('BAD_MODEL_FILE', `It is not a safetensors file: ${reason}.`);

interface Described {
  name: string;
  type: StoredType;
  shape: number[];
  from: number;
  to: number;
}

/**
 * Reads a file of the format github.com/huggingface/safetensors describes: the length of a JSON header, the
 * header, the tensors, which lie one behind the other. F16, BF16 and F64 become float32. Takes twice the
 * file's size at most. @throws GillnetError BAD_MODEL_FILE
 */
export function readSafetensors(file: Uint8Array): NativeState {
  const view = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const length = view.length >= 8 ? Number(view.readBigUInt64LE()) : Number.NaN;
  if (!(8 + length <= view.length)) throw bad('its header is cut off');
  if (length > longestHeader) throw bad(`its header takes ${length} bytes, 4 MiB at most are read`);
  const data = view.subarray(8 + length);
  const described = Object.entries(headerOf(view.subarray(8, 8 + length)))
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => describedOf(name, value));
  requireAdjacent(described, data.length);
  return Object.fromEntries(described.map((each) => [each.name, tensorOf(each, data)]));
}

function headerOf(bytes: Uint8Array): object {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    throw bad('its header is no JSON');
  }
  if (!(header instanceof Object) || Array.isArray(header)) {
    throw bad('its header is no dictionary');
  }
  if (hasDuplicateKeys(text)) throw bad('its header names something twice');
  return header;
}

function describedOf(name: string, value: unknown): Described {
  const { dtype, shape, data_offsets: offsets } = Object(value);
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw bad(`its tensor ${shown(name)} is described wrongly`);
  }
  const type = dtypes.get(dtype);
  if (!type) {
    throw bad(
      `its tensor ${shown(name)} is ${shown(dtype)}; ${[...dtypes.keys()].join(', ')} are read`,
    );
  }
  const [from, to] = offsets as [number, number];
  const bytes = shape.reduce((product, size) => product * size, bytesOf[type]);
  if (to - from !== bytes) {
    throw bad(`its tensor ${shown(name)} has ${to - from} bytes, its shape needs ${bytes}`);
  }
  return { name, type, shape, from, to };
}

/** The format forbids holes, so that a file can not be something else beside. */
function requireAdjacent(tensors: Described[], bytes: number): void {
  let free = 0;
  for (const { name, from, to } of tensors.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== free) throw bad(`its tensor ${shown(name)} leaves a hole or overlaps another`);
    free = to;
  }
  if (free !== bytes) throw bad(`its tensors need ${free} bytes, it holds ${bytes}`);
}

function tensorOf({ type, shape, from, to }: Described, data: Uint8Array): NativeTensor {
  return { dtype: nativeTypeOf(type), shape, data: toNative(type, data.subarray(from, to)) };
}
