import { GillnetError } from '../errors.js';
import type { NativeState } from '../native.js';

const dtypes = { F32: { dtype: 'float32', bytes: 4 }, I64: { dtype: 'int64', bytes: 8 } } as const;

const bad = (reason: string) => new GillnetError('BAD_MODEL_FILE', `It is not a safetensors file: ${reason}.`);

/**
 * Reads a file of the format github.com/huggingface/safetensors describes: the length of a JSON header,
 * the header, the tensors. @throws GillnetError BAD_MODEL_FILE
 */
export function readSafetensors(file: Uint8Array): NativeState {
  const view = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const length = view.length >= 8 ? Number(view.readBigUInt64LE()) : Number.NaN;
  if (!(8 + length <= view.length)) throw bad('its header is cut off');
  let header: Record<string, { dtype?: unknown; shape?: unknown; data_offsets?: unknown }>;
  try {
    header = JSON.parse(view.toString('utf8', 8, 8 + length));
  } catch {
    throw bad('its header is no JSON');
  }
  const data = view.subarray(8 + length);
  const state: NativeState = {};
  for (const [name, tensor] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = tensor;
    const type = dtypes[dtype as keyof typeof dtypes];
    if (!type) throw bad(`tensor ${name} is ${String(dtype)}; float32 and int64 are read`);
    const sizes = Array.isArray(shape) ? shape.map(Number) : [];
    const [from, to] = Array.isArray(offsets) ? offsets.map(Number) : [];
    const bytes = sizes.reduce((product, size) => product * size, type.bytes);
    if (from === undefined || to === undefined || !(from >= 0 && to <= data.length && to - from === bytes)) {
      throw bad(`tensor ${name} lies outside of it`);
    }
    state[name] = { dtype: type.dtype, shape: sizes, data: data.subarray(from, to) };
  }
  return state;
}
