import { GillnetError } from '../errors.js';
import type { NativeState, NativeTensor } from '../native.js';
import { isSizes } from './torch-file.js';

const dtypes = {
  F32: { dtype: 'float32', bytes: 4 },
  I64: { dtype: 'int64', bytes: 8 },
} as const;

const bad = (reason: string) =>
  new GillnetError('BAD_MODEL_FILE', `It is not a safetensors file: ${reason}.`);

/**
 * Reads a file of the format github.com/huggingface/safetensors describes: the length of a JSON header,
 * the header, the tensors. @throws GillnetError BAD_MODEL_FILE
 */
export function readSafetensors(file: Uint8Array): NativeState {
  const view = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const length = view.length >= 8 ? Number(view.readBigUInt64LE()) : Number.NaN;
  if (!(8 + length <= view.length)) throw bad('its header is cut off');
  let header: unknown;
  try {
    header = JSON.parse(view.toString('utf8', 8, 8 + length));
  } catch {
    throw bad('its header is no JSON');
  }
  if (!(header instanceof Object) || Array.isArray(header)) {
    throw bad('its header is no dictionary');
  }
  const data = view.subarray(8 + length);
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__');
  return Object.fromEntries(
    tensors.map(([name, described]) => [name, tensorOf(name, described, data)]),
  );
}

function tensorOf(name: string, described: unknown, data: Uint8Array): NativeTensor {
  const { dtype, shape, data_offsets: offsets } = Object(described);
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets)) {
    throw bad(`tensor ${name} is described wrongly`);
  }
  if (!Object.hasOwn(dtypes, dtype)) {
    throw bad(`tensor ${name} is ${dtype}; F32 and I64 are read`);
  }
  const type = dtypes[dtype as keyof typeof dtypes];
  const [from = 0, to = 0] = offsets;
  const bytes = shape.reduce((product, size) => product * size, type.bytes);
  if (to > data.length || to - from !== bytes) throw bad(`tensor ${name} lies outside of it`);
  return { dtype: type.dtype, shape, data: data.subarray(from, to) };
}
