import { crc32 } from '../../lib/model/formats/crc32.js';
import type { Random } from '../../lib/random.js';
import {
  bytesOfZip,
  type Header,
  u32,
  type ZipEnd,
  type ZipEntry,
  type ZipFile,
  zipOf,
} from '../support/zips.js';
import { type Opcode, type Tensor, tensorsOf, torchPickle } from './pickles.js';

/** Files of each kind that the readers take, in parts that a mutation can change one by one. */

/** Numbers at which sizes, signs and conversions turn. */
export const edges: [number, ...number[]] = [
  0,
  ...[1, 2, 7, 8, 63, 64, 65, 255, 256, 65535, 65536],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53],
  ...[-1, -8, 0.5, Number.NaN, Number.POSITIVE_INFINITY],
];

const names = [
  'w',
  'fc.weight',
  'bn1.num_batches_tracked',
  '__proto__',
  'constructor',
  'toString',
  '',
  'module.w',
  'state_dict',
  'model',
  '../../etc/passwd',
  '/w',
  'a\\b',
  '\x1b[2J',
  'é\u202e',
  'x'.repeat(300),
] as [string, ...string[]];

/** One in `times`. */
export const rarely = (draw: Random, times: number) => draw.integer(times) === 0;

export function torchArchive(draw: Random): Buffer {
  const tensors = tensorsOf(draw);
  const opcodes = mutatedOpcodes(draw, torchPickle(draw, tensors));
  const storages = tensors.map((tensor, key): [string, Buffer] => [`a/data/${key}`, tensor.bytes]);
  const zip = zipOf(
    [
      ['a/data.pkl', Buffer.concat(opcodes)],
      ...storages,
      ['a/version', Buffer.from('3\n')],
      ['a/byteorder', Buffer.from('little')],
    ],
    crc32,
  );
  if (rarely(draw, 3)) mutateZip(draw, zip);
  return bytesOfZip(zip);
}

export function torchLegacy(draw: Random): Buffer {
  const tensors = tensorsOf(draw);
  const long = (value: number) => Buffer.from([0x4a, ...u32(value)]);
  const pickled = (...parts: Buffer[]) => [Buffer.of(0x80, 2), ...parts, Buffer.from('.')];
  const magic = Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex');
  const text = (value: string) =>
    Buffer.concat([Buffer.from([0x58, ...u32(value.length)]), Buffer.from(value)]);
  const keys = tensors.map((_, key) => text(String(key)));
  const storages = tensors.flatMap(({ count, bytes }) => {
    const length = Buffer.alloc(8);
    length.writeBigInt64LE(BigInt(rarely(draw, 20) ? draw.pick([-1, 0, 2 ** 40]) : count));
    return [length, bytes];
  });
  const parts = [
    ...pickled(magic),
    ...pickled(long(1001)),
    ...pickled(Buffer.from('}'), text('little_endian'), Buffer.of(0x88), Buffer.from('s')),
    ...torchPickle(draw, tensors),
    ...pickled(Buffer.from(']('), ...keys, Buffer.from('e')),
    ...storages,
  ];
  return Buffer.concat(mutatedOpcodes(draw, parts));
}

export function safetensors(draw: Random): Buffer {
  let at = 0;
  const tensors = tensorsOf(draw);
  const header: Record<string, unknown> = rarely(draw, 3) ? { __metadata__: { format: 'pt' } } : {};
  const described = tensors.map((tensor): [string, unknown] => {
    const from = at;
    at += tensor.bytes.length;
    const entry: Record<string, unknown> = {
      dtype: tensor.safetensorsType,
      shape: tensor.shape,
      data_offsets: [from, at],
    };
    if (rarely(draw, 6))
      entry[draw.pick(['dtype', 'shape', 'data_offsets', '__proto__'])] = oddValue(draw, 3);
    return [tensor.name, entry];
  });
  Object.assign(header, Object.fromEntries(described));
  const json = mutatedText(draw, JSON.stringify(header));
  const length = Buffer.alloc(8);
  const told = rarely(draw, 15) ? draw.pick([0, 2 ** 20, 2 ** 33, json.length + 1]) : json.length;
  length.writeBigUInt64LE(rarely(draw, 40) ? 2n ** 64n - 1n : BigInt(told));
  return Buffer.concat([length, json, ...tensors.map(({ bytes }: Tensor) => bytes)]);
}

function oddValue(draw: Random, depth: number): unknown {
  const kind = draw.integer(depth > 0 ? 6 : 4);
  if (kind === 0) return draw.pick(edges);
  if (kind === 1) return draw.pick(names);
  if (kind === 2) return draw.pick([null, true, false, 'F32', 'F16', 'U8']);
  if (kind === 3) return Array.from({ length: draw.integer(80) }, () => 1);
  if (kind === 4) return Array.from({ length: draw.integer(4) }, () => oddValue(draw, depth - 1));
  return { [draw.pick(names)]: oddValue(draw, depth - 1) };
}

function mutatedText(draw: Random, json: string): Buffer {
  let text = json;
  if (rarely(draw, 8)) text = text.replace(/\{/, '{"w":1,"w":2,');
  if (rarely(draw, 12)) text = `${'['.repeat(draw.integer(3000))}${text}`;
  if (rarely(draw, 12)) text += draw.pick([' ', '}', ',', '\0', 'x']).repeat(draw.integer(20));
  return Buffer.from(text);
}

/** Opcodes that are left out, doubled, moved, or replaced by others. */
function mutatedOpcodes(draw: Random, opcodes: Opcode[]): Opcode[] {
  const changed = [...opcodes];
  const changes = rarely(draw, 2) ? 0 : 1 + draw.integer(3);
  for (let i = 0; i < changes; i += 1) {
    const at = draw.integer(changed.length);
    const part = changed[at] as Buffer;
    const kind = draw.integer(5);
    if (kind === 0) changed.splice(at, 1);
    else if (kind === 1) changed.splice(at, 0, ...Array(1 + draw.integer(40)).fill(part));
    else if (kind === 2) changed.splice(draw.integer(changed.length), 0, part);
    else if (kind === 3) changed.splice(at, 1, Buffer.of(draw.integer(256)));
    else changed.splice(at, 0, hostile(draw));
  }
  return changed;
}

function hostile(draw: Random): Buffer {
  const text = draw.pick([
    'cos\nsystem\n(X\x02\0\0\0idtR',
    'c__builtin__\neval\n',
    'c__proto__\nconstructor\n',
    'q\0h\0\x86',
    '(q\0',
    'h\0',
    'ccollections\nOrderedDict\nq\x01',
    '\x94',
    'Q',
    'R',
    'b',
    'u',
    'e',
    't',
    '.',
    '}',
    ')',
    '\x8a\xff',
    'X\xff\xff\xff\xff',
    'G\x7f\xf8\0\0\0\0\0\0',
    'ctorch._utils\n_rebuild_parameter\n',
    '\x93',
    '\x95',
    'l',
    'i',
    '\x81',
  ]);
  return Buffer.from(text.repeat(rarely(draw, 10) ? 1 + draw.integer(500) : 1), 'latin1');
}

function mutateZip(draw: Random, zip: ZipFile): void {
  const { entries, end } = zip;
  const entry = entries[draw.integer(entries.length)] as ZipEntry;
  const other = entries[draw.integer(entries.length)] as ZipEntry;
  const number = () => Math.trunc(draw.pick(edges)) || 0;
  const headers = rarely(draw, 2)
    ? [entry.local, entry.central]
    : [rarely(draw, 2) ? entry.local : entry.central];
  const inHeaders = (changes: Partial<Header>) =>
    headers.map((each) => Object.assign(each, changes));
  const inCentral = (changes: Partial<ZipEntry['central']>) =>
    Object.assign(entry.central, changes);
  const inEnd = (changes: Partial<ZipEnd>) => Object.assign(end, changes);
  const changes: (() => unknown)[] = [
    () => inHeaders({ name: Buffer.from(draw.pick(names)) }),
    () => inHeaders({ name: other.local.name }),
    () => inHeaders({ flags: 1 << draw.integer(16) }),
    () => inHeaders({ method: draw.pick([8, 12, 99, 0xffff]) }),
    () => inHeaders({ crc: number() }),
    () => {
      const size = number();
      inHeaders({ size, packed: size });
    },
    () => inHeaders({ packed: number() }),
    () => inHeaders({ extra: Buffer.alloc(draw.integer(70)) }),
    () => inCentral({ at: rarely(draw, 2) ? other.central.at : number() }),
    () => inCentral({ comment: Buffer.alloc(draw.integer(9)) }),
    () => inCentral({ disk: 1 }),
    () => Object.assign(entry, { descriptor: Buffer.alloc(draw.integer(26)) }),
    () => Object.assign(entry, { data: other.data }),
    () => entries.push(entry),
    () => entries.splice(entries.indexOf(entry), 1),
    () => {
      const count = number();
      inEnd({ count, countHere: count });
    },
    () => inEnd({ countHere: number() }),
    () => inEnd({ at: number() }),
    () => inEnd({ size: number() }),
    () => inEnd({ disk: number() }),
    () => inEnd({ comment: Buffer.alloc(draw.integer(30)) }),
    () => inEnd({ before: Buffer.alloc(draw.pick([1, 20, 56, 76, 96])) }),
  ];
  (changes[draw.integer(changes.length)] as () => unknown)();
}
