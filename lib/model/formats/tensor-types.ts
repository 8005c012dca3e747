/**
 * Floating-point types of PyTorch and safetensors, and how their values become float32. float64 is rounded to
 * the nearest float32, beyond 3.4e38 to infinity; float16 and bfloat16 are exact.
 */

export type StoredType = 'float32' | 'int64' | 'float16' | 'bfloat16' | 'float64';

/** Of a value. */
export const bytesOf: Record<StoredType, number> = {
  float32: 4,
  int64: 8,
  float16: 2,
  bfloat16: 2,
  float64: 8,
};

/** What gillnet computes with: everything but whole numbers as float32. */
export function nativeTypeOf(type: StoredType): 'float32' | 'int64' {
  return type === 'int64' ? 'int64' : 'float32';
}

/** Little-endian values, contiguous, as the type that gillnet computes with; the same bytes where it is stored so. */
export function toNative(type: StoredType, bytes: Uint8Array): Uint8Array {
  if (type === 'float32' || type === 'int64') return bytes;
  const width = bytesOf[type];
  const { buffer, byteOffset, byteLength } = bytes;
  const view = new DataView(buffer, byteOffset, byteLength);
  const values = new Float32Array(byteLength / width);
  const valueAt = readers[type];
  for (let i = 0; i < values.length; i += 1) values[i] = valueAt(view, i * width);
  return new Uint8Array(values.buffer);
}

const readers = {
  float64: (view: DataView, at: number) => view.getFloat64(at, true),
  float16: (view: DataView, at: number) => halves()[view.getUint16(at, true)] as number,
  // The upper half of a float32.
  bfloat16: (view: DataView, at: number) => {
    scratch.setUint16(0, view.getUint16(at, true));
    return scratch.getFloat32(0);
  },
};

const scratch = new DataView(new ArrayBuffer(4));

let halfTable: Float32Array | undefined;

/** The value of each of the 65,536 float16 (IEEE 754-2008, binary16). */
function halves(): Float32Array {
  halfTable ??= Float32Array.from({ length: 0x10000 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = (bits & 0x3ff) / 1024;
    if (exponent === 0) return sign * fraction * 2 ** -14;
    if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return sign * (1 + fraction) * 2 ** (exponent - 15);
  });
  return halfTable;
}
