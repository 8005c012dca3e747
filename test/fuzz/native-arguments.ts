import type { Random } from '../../lib/random.js';
import { edges, rarely } from './structures.js';

/** Arguments of the addon's methods: valid ones, of which a part is then made wrong. */

export const classes = 3;
export const edge = 32;

type Fields = Record<string, unknown>;

type Maker = (draw: Random) => unknown;

const anything: [Maker, ...Maker[]] = [
  () => undefined,
  () => null,
  () => true,
  () => 'float32',
  () => '',
  () => Symbol('value'),
  () => 10n,
  () => () => 1,
  () => [],
  () => ({}),
  () => [1, 2, 3],
  () => new Map(),
  () => new Date(0),
  () => new Proxy({}, { get: () => 1 }),
  () =>
    new Proxy([1, 2, 3], {
      get: () => {
        throw new Error('from a proxy');
      },
    }),
  () => ({ valueOf: () => 1, toString: () => '1' }),
  () => new Array(2 ** 32 - 1),
  (draw) => draw.pick(edges),
  (draw) => typedArray(draw, draw.integer(40)),
  (draw) => new ArrayBuffer(draw.integer(40)),
  () => new DataView(new ArrayBuffer(8)),
];

export const any: Maker = (draw) => draw.pick(anything)(draw);

function typedArray(draw: Random, length: number): ArrayBufferView {
  const integers = [Int8Array, Uint8ClampedArray, Int16Array, Int32Array, Uint32Array];
  const Kind = draw.pick([Uint8Array, ...([...integers, Float32Array, Float64Array] as never[])]);
  return new Kind(length);
}

/** The same values over memory of another kind, some of it gone. */
function elsewhere(draw: Random, array: unknown): unknown {
  if (
    !(array instanceof Uint8Array || array instanceof Int32Array || array instanceof Float32Array)
  )
    return any(draw);
  const Maker = array.constructor as typeof Uint8Array;
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const kind = draw.integer(6);
  if (kind === 0) {
    const copy = array.slice();
    structuredClone(copy.buffer, { transfer: [copy.buffer as ArrayBuffer] });
    return copy;
  }
  if (kind === 1) {
    const shared = new SharedArrayBuffer(bytes.length);
    new Uint8Array(shared).set(bytes);
    return new Maker(shared);
  }
  if (kind === 2) {
    const buffer = resizable(bytes.length);
    new Uint8Array(buffer).set(bytes);
    return new Maker(buffer);
  }
  if (kind === 3) {
    const buffer = resizable(bytes.length);
    const fixed = new Maker(buffer, 0, array.length);
    (buffer as unknown as { resize(length: number): void }).resize(bytes.length >> 1);
    return fixed;
  }
  if (kind === 4) return array.subarray(1);
  const longer = new Uint8Array(bytes.length + array.BYTES_PER_ELEMENT);
  longer.set(bytes);
  return new Maker(longer.buffer);
}

function resizable(length: number): ArrayBuffer {
  const Maker = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer;
  return new Maker(length, { maxByteLength: length + 64 });
}

/** A getter that throws, or that takes away the memory of another field that was read before. */
function withGetter(draw: Random, fields: Fields, name: string): Fields {
  const value = fields[name];
  const kind = draw.integer(3);
  const get = () => {
    if (kind === 0) throw new Error('from a getter');
    for (const [other, array] of Object.entries(Object.getOwnPropertyDescriptors(fields))) {
      if (kind === 1) detach(array.value);
      if (kind === 2 && other !== name) delete fields[other];
    }
    global.gc?.();
    return value;
  };
  Object.defineProperty(fields, name, { get, enumerable: true, configurable: true });
  return fields;
}

function detach(value: unknown): void {
  if (Array.isArray(value)) value.length = 0;
  else if (
    ArrayBuffer.isView(value) &&
    value.buffer instanceof ArrayBuffer &&
    value.byteLength > 0
  ) {
    structuredClone(value.buffer, { transfer: [value.buffer] });
  } else if (value instanceof Object && 'data' in value) detach(value.data);
}

/** The fields with up to two of them made wrong. */
export function spoilt(draw: Random, fields: Fields): unknown {
  if (rarely(draw, 4)) return fields;
  if (rarely(draw, 12)) return any(draw);
  // No field twice: the first change may have put a trap there.
  for (const name of draw.shuffle(Object.keys(fields)).slice(0, 1 + draw.integer(2))) {
    const kind = draw.integer(7);
    const described = Object.getOwnPropertyDescriptor(fields, name);
    if (!described || described.get) continue;
    const { value } = described;
    if (kind === 0) delete fields[name];
    else if (kind === 1) fields[name] = draw.pick(edges);
    else if (kind === 2) fields[name] = elsewhere(draw, value);
    else if (kind === 3) withGetter(draw, fields, name);
    else if (kind >= 4 && value instanceof Int32Array) {
      const at = draw.integer(value.length);
      value[at] = rarely(draw, 2) ? draw.pick(edges) : (value[at] as number) + 1;
    } else if (value instanceof Object && Object.getPrototypeOf(value) === Object.prototype) {
      fields[name] = spoilt(draw, value as Fields);
    } else if (Array.isArray(value) && value.length > 0)
      value[draw.integer(value.length)] = any(draw);
    else fields[name] = any(draw);
  }
  return fields;
}

export function batchOf(draw: Random): Fields {
  const count = 1 + draw.integer(2);
  // Photos of the network's size are read by gillnet's own code, others by LibTorch's.
  const sizeOf = () => (rarely(draw, 3) ? 1 + draw.integer(40) : edge);
  const [height, width] = [sizeOf(), sizeOf()];
  const pixels = new Uint8Array(count * height * width * 3).fill(draw.integer(256));
  const batch: Fields = { pixels, count, height, width };
  if (!rarely(draw, 4))
    batch.labels = Int32Array.from({ length: count }, () => draw.integer(classes));
  if (rarely(draw, 2)) {
    batch.crops = Int32Array.from(
      Array.from({ length: count }, () => {
        if (rarely(draw, 2)) return [0, 0, width, height];
        const [left, top] = [draw.integer(width), draw.integer(height)];
        return [left, top, 1 + draw.integer(width - left), 1 + draw.integer(height - top)];
      }).flat(),
    );
  }
  if (rarely(draw, 2))
    batch.colours = Float32Array.from({ length: 3 * count }, () => 2 * draw.next());
  if (rarely(draw, 2)) batch.flips = Uint8Array.from({ length: count }, () => draw.integer(2));
  return batch;
}

export function optionsOf(draw: Random): Fields {
  const algorithm = draw.pick(['adam', 'adamw', 'sgd']);
  // One block a layer: small, and with all that a deeper one has.
  const architecture = { block: draw.pick(['basic', 'bottleneck']), layers: [1, 1, 1, 1] };
  return {
    ...{
      architecture,
      classes,
      imageSize: edge,
      seed: draw.integer(9),
      mean: [0.5, 0.5, 0.5],
      std: [0.2, 0.2, 0.2],
    },
    optimizer: {
      algorithm,
      momentum: 0.9,
      weightDecay: 0.01,
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-8,
    },
  };
}

/** A few small tensors of the network's. */
export function stateOf(draw: Random): Fields {
  const tensor = (type: string, shape: number[]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return { dtype: type, shape, data: new Uint8Array(count * (type === 'int64' ? 8 : 4)) };
  };
  const state: Fields = {
    'fc.bias': tensor('float32', [classes]),
    'bn1.num_batches_tracked': tensor('int64', []),
    'bn1.running_mean': tensor('float32', [64]),
  };
  if (rarely(draw, 4))
    state[draw.pick(['step', 'x', '', '__proto__ ', 'é\0'])] = tensor('float32', [0]);
  return state;
}

export function foldsOf(draw: Random): Fields {
  const [count, width] = [8, 1 + draw.integer(4)];
  return {
    ...{ count, width, classes: 2, penalty: 1 },
    features: Float32Array.from({ length: count * width }, () => draw.normal()),
    labels: Int32Array.from({ length: count }, (_, i) => i % 2),
    folds: Int32Array.from({ length: count }, (_, i) => i >> 2),
    ...(rarely(draw, 2) ? { stop: Int32Array.of(draw.integer(2)) } : {}),
  };
}

/** A grey raster of any edges, as thin as a pixel, of noise or of few colours. */
export function rasterOf(draw: Random) {
  const edgeOf = () => 1 + draw.integer(rarely(draw, 2) ? 8 : 320);
  const [width, height] = [edgeOf(), edgeOf()];
  const [colours, run] = [1 + draw.integer(256), 1 + draw.integer(40)];
  const pixels = new Uint8Array(width * height);
  for (let at = 0; at < pixels.length; at += run) pixels.fill(draw.integer(colours), at, at + run);
  return { pixels, width, height };
}
