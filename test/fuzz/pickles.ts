import type { Random } from '../../lib/random.js';
import { u32 } from '../support/zips.js';

/** Pickles of tensors as PyTorch writes them, with wrong sizes now and then. */

/** An opcode and its argument. */
export type Opcode = Buffer;

export interface Tensor {
  name: string;
  storageType: string;
  safetensorsType: string;
  shape: number[];
  /** Of its values. */
  count: number;
  bytes: Buffer;
}

const types: [[string, string, number], ...[string, string, number][]] = [
  ['FloatStorage', 'F32', 4],
  ['LongStorage', 'I64', 8],
  ['HalfStorage', 'F16', 2],
  ['BFloat16Storage', 'BF16', 2],
  ['DoubleStorage', 'F64', 8],
  ['ByteStorage', 'U8', 1],
];

const wrongSizes = [-1, 0, 1, 9, 2 ** 16, 2 ** 31 - 1, -(2 ** 31)] as [number, ...number[]];

/** A few, of a few values each. */
export function tensorsOf(draw: Random): Tensor[] {
  return Array.from({ length: 1 + draw.integer(3) }, (_, index) => {
    const [storageType, safetensorsType, width] =
      draw.integer(4) === 0 ? draw.pick(types) : types[0];
    const shape = Array.from({ length: draw.integer(4) }, () => draw.integer(4));
    const count = shape.reduce((product, size) => product * size, 1);
    // Below 127 every byte makes a finite number.
    const highest = draw.integer(8) === 0 ? 256 : 127;
    const bytes = Buffer.from(Array.from({ length: count * width }, () => draw.integer(highest)));
    const name =
      draw.pick(['w', 'module.w', '__proto__', 'fc.bias', 'constructor']) + (index || '');
    return { name, storageType, safetensorsType, shape, count, bytes };
  });
}

/** The whole pickle, opcode by opcode. */
export function torchPickle(draw: Random, tensors: Tensor[]): Opcode[] {
  const wrapper =
    draw.integer(4) === 0 ? draw.pick(['state_dict', 'model', 'state_dict_ema']) : null;
  const dictionary = [
    ...latin('ccollections\nOrderedDict\n', ')', 'R', '('),
    ...tensors.flatMap((tensor, key) => [text(tensor.name), ...tensorOpcodes(draw, tensor, key)]),
    ...latin('u'),
  ];
  const epoch = [...latin('}'), text('epoch'), ...latin('K\x03', 's')];
  const root = wrapper ? [...epoch, text(wrapper), ...dictionary, ...latin('s')] : dictionary;
  return [...latin('\x80\x02'), ...root, ...latin('.')];
}

function tensorOpcodes(draw: Random, tensor: Tensor, key: number): Opcode[] {
  const { storageType, shape, count } = tensor;
  const size = (value: number) =>
    draw.integer(120) === 0 ? wrongSize(draw) : Buffer.from([0x4a, ...u32(value)]);
  let packed = 1;
  const strides = shape.map(() => 0);
  const axes =
    draw.integer(3) === 0
      ? draw.shuffle(shape.map((_, axis) => axis))
      : shape.map((_, axis) => axis);
  for (const axis of axes.reverse()) {
    strides[axis] = packed;
    packed *= shape[axis] as number;
  }
  return [
    ...latin('ctorch._utils\n_rebuild_tensor_v2\n', '(', '('),
    text('storage'),
    ...latin(`ctorch\n${storageType}\n`),
    text(draw.integer(30) === 0 ? draw.pick(['0', '9', '__proto__', '../w']) : String(key)),
    text('cpu'),
    size(count),
    ...latin('t', 'Q'),
    size(0),
    ...latin('('),
    ...shape.map(size),
    ...latin('t', '('),
    ...strides.map(size),
    ...latin('t', '\x89', '}', 't', 'R'),
  ];
}

function wrongSize(draw: Random): Opcode {
  const odd = [
    'G\x7f\xf8\0\0\0\0\0\0',
    'G\x3f\xe0\0\0\0\0\0\0',
    '\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\0',
    'N',
    '\x88',
    ')',
  ];
  if (draw.integer(2) === 0) return Buffer.from(draw.pick(odd as [string, ...string[]]), 'latin1');
  return Buffer.from([0x4a, ...u32(draw.pick(wrongSizes))]);
}

function latin(...opcodes: string[]): Opcode[] {
  return opcodes.map((bytes) => Buffer.from(bytes, 'latin1'));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([0x58, ...u32(bytes.length)]), bytes]);
}
