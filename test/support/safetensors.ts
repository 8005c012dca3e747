import { float32, int64 } from './tensors.js';

/** A safetensors file: the length of the header, the header, the tensors' bytes. */
export function safe(described: unknown, bytes: Uint8Array): Buffer {
  const json = Buffer.from(typeof described === 'string' ? described : JSON.stringify(described));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, bytes]);
}

/** Of three tensors, whose bytes are `values`. */
export const header = {
  __metadata__: { format: 'pt' },
  a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
  b: { dtype: 'I64', shape: [], data_offsets: [16, 24] },
  none: { dtype: 'F32', shape: [0, 3], data_offsets: [24, 24] },
};
export const values = Buffer.concat([float32([4], [1, -2, 0.5, 4]).data, int64([], [-7n]).data]);
