import * as assert from 'uvu/assert';
import { readTorchFile } from '../../lib/model/formats/torch-file.js';
import type { NativeState, NativeTensor } from '../../lib/native.js';

export const float32 = (shape: number[], values: ArrayLike<number>): NativeTensor => ({
  dtype: 'float32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
});

export const int64 = (shape: number[], values: bigint[]): NativeTensor => ({
  dtype: 'int64',
  shape,
  data: new Uint8Array(BigInt64Array.from(values).buffer),
});

export type PlainTensor = [name: string, dtype: string, shape: number[], values: number[]];

/** Tensors as [name, dtype, shape, values], to compare and to read. */
export function plain(state: NativeState): PlainTensor[] {
  return Object.entries(state).map(([name, { dtype, shape, data }]) => {
    const { buffer } = new Uint8Array(data);
    const values = dtype === 'int64' ? new BigInt64Array(buffer) : new Float32Array(buffer);
    return [name, dtype, shape, Array.from<number | bigint, number>(values, Number)];
  });
}

/** Null for a file that is refused as it should be; any other error fails the test. */
export function tensorsOrRefusal(file: Uint8Array): PlainTensor[] | null {
  try {
    return plain(readTorchFile(file).state);
  } catch (error) {
    assert.is((error as { code?: unknown }).code, 'BAD_MODEL_FILE', String(error));
    return null;
  }
}
