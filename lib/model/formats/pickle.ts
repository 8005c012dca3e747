import { GillnetError } from '../../errors.js';
import { shown } from '../shown.js';

/**
 * The part of Python's pickle (pickletools.py) that a file of tensors needs. Nothing is executed: opcodes
 * and globals that are not listed here are refused.
 */

const bad = (reason: string) =>
  new GillnetError(
    'BAD_MODEL_FILE',
    `Its pickle is refused: ${reason}. Nothing of it was executed.`,
  );

/** Those that are no letter, by pickletools' names. */
const opcode = {
  proto: '\x80',
  tuple1: '\x85',
  tuple2: '\x86',
  tuple3: '\x87',
  newTrue: '\x88',
  newFalse: '\x89',
  long1: '\x8a',
  shortBinunicode: '\x8c',
  stackGlobal: '\x93',
  memoize: '\x94',
  frame: '\x95',
};

const mark = Symbol('mark');
/** Of bytes. Hundreds of times a ResNet's. */
const longest = 4 * 1024 * 1024;
/** A ResNet-50's has some 15,000, with Adam's averages three times as many. An opcode makes some 200 bytes at most. */
const mostOpcodes = 500_000;

/**
 * Reads one value: dictionaries become Maps, tuples and lists arrays.
 * @param globals what it may name and call, by `module.name`; anything but a function stands for itself
 * @param persistent turns a persistent id into its object
 * @returns the value, and where the bytes behind it begin
 * @throws GillnetError BAD_MODEL_FILE
 */
export function unpickle(
  bytes: Uint8Array,
  globals: ReadonlyMap<string, unknown>,
  persistent: (id: unknown) => unknown,
): { value: unknown; end: number } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();

  const take = (count: number): Buffer => {
    if (at + count > longest) throw bad('it is too large');
    if (at + count > view.length) throw bad('it is cut off');
    at += count;
    return view.subarray(at - count, at);
  };
  const text = (length: number): string => take(length).toString('utf8');
  const line = (): string => {
    const length = view.subarray(at, longest).indexOf(0x0a);
    if (length < 0) throw bad('it is cut off');
    return text(length + 1).slice(0, -1);
  };
  const top = (): unknown => {
    const value = stack[stack.length - 1];
    if (stack.length === 0 || value === mark) throw bad('its stack runs empty');
    return value;
  };
  const pop = (): unknown => {
    const value = top();
    stack.length -= 1;
    return value;
  };
  const push = (value: unknown): void => void stack.push(value);
  const toMark = (): unknown[] => {
    const from = stack.lastIndexOf(mark);
    if (from < 0) throw bad('a mark is missing');
    const values = stack.splice(from);
    return values.slice(1);
  };
  const topMap = (): Map<unknown, unknown> => {
    const map = top();
    if (!(map instanceof Map)) throw bad('items are set on something that is no dictionary');
    return map;
  };
  const topList = (): unknown[] => {
    const list = top();
    if (!Array.isArray(list)) throw bad('items are added to something that is no list');
    return list;
  };
  const recall = (key: number): unknown => {
    if (!memo.has(key)) throw bad('it recalls what it has not stored');
    return memo.get(key);
  };
  const popped = (count: number): unknown[] => {
    const values = Array.from({ length: count }, pop);
    return values.reverse();
  };

  const opcodes: Record<string, () => void> = {
    [opcode.proto]: () => {
      const protocol = take(1).readUInt8();
      if (protocol > 5) throw bad(`protocol ${protocol} is unknown`);
    },
    [opcode.frame]: () => void take(8),
    '(': () => push(mark),
    '}': () => push(new Map()),
    ']': () => push([]),
    ')': () => push([]),
    t: () => push(toMark()),
    [opcode.tuple1]: () => push(popped(1)),
    [opcode.tuple2]: () => push(popped(2)),
    [opcode.tuple3]: () => push(popped(3)),
    N: () => push(null),
    [opcode.newTrue]: () => push(true),
    [opcode.newFalse]: () => push(false),
    K: () => push(take(1).readUInt8()),
    M: () => push(take(2).readUInt16LE()),
    J: () => push(take(4).readInt32LE()),
    G: () => push(take(8).readDoubleBE()),
    [opcode.long1]: () => push(longOf(take(take(1).readUInt8()))),
    X: () => push(text(take(4).readUInt32LE())),
    [opcode.shortBinunicode]: () => push(text(take(1).readUInt8())),
    // What Python 2 called strings, as in torchvision's first files.
    U: () => push(text(take(1).readUInt8())),
    T: () => push(text(take(4).readUInt32LE())),
    q: () => void memo.set(take(1).readUInt8(), top()),
    r: () => void memo.set(take(4).readUInt32LE(), top()),
    [opcode.memoize]: () => void memo.set(memo.size, top()),
    h: () => push(recall(take(1).readUInt8())),
    j: () => push(recall(take(4).readUInt32LE())),
    c: () => push(globalOf(line(), line())),
    [opcode.stackGlobal]: () => {
      const [module, name] = popped(2);
      // Not `String(name)`: of arrays nested in arrays it is as long as a hostile file wants.
      if (typeof module !== 'string' || typeof name !== 'string') throw bad('a name is no text');
      push(globalOf(module, name));
    },
    Q: () => push(persistent(pop())),
    R: () => {
      const [callee, args] = popped(2);
      if (typeof callee !== 'function' || !Array.isArray(args)) {
        throw bad('it calls what can not be called');
      }
      push((callee as (args: unknown[]) => unknown)(args));
    },
    s: () => {
      const [key, value] = popped(2);
      topMap().set(key, value);
    },
    u: () => {
      const values = toMark();
      const map = topMap();
      if (values.length % 2 !== 0) throw bad('a key has no value');
      for (let i = 0; i < values.length; i += 2) map.set(values[i], values[i + 1]);
    },
    a: () => {
      const value = pop();
      topList().push(value);
    },
    e: () => {
      const values = toMark();
      const list = topList();
      for (const value of values) list.push(value);
    },
    // Attributes of an OrderedDict, such as a state_dict's _metadata, tell nothing about tensors.
    b: () => {
      pop();
      topMap();
    },
  };

  function globalOf(module: string, name: string): unknown {
    const full = `${module}.${name}`;
    if (!globals.has(full)) {
      throw bad(`it names ${shown(full)}, which is not on the list of what a model file may use`);
    }
    return globals.get(full);
  }

  for (let count = 0; count < mostOpcodes; count += 1) {
    const next = String.fromCharCode(take(1).readUInt8());
    if (next === '.') {
      const value = pop();
      if (stack.length > 0) throw bad('it leaves more than one value');
      return { value, end: at };
    }
    const act = opcodes[next];
    if (!act) throw bad(`opcode 0x${next.charCodeAt(0).toString(16)} is not on the list`);
    act();
  }
  throw bad(`it has more than ${mostOpcodes} opcodes`);
}

/** Rounded beyond 2^53, which no size or count of a tensor may be. */
function longOf(littleEndian: Buffer): number {
  if (littleEndian.length === 0) return 0;
  const value = BigInt(`0x${Buffer.from(littleEndian).reverse().toString('hex')}`);
  return Number(BigInt.asIntN(littleEndian.length * 8, value));
}
