import { GillnetError } from '../errors.js';

/**
 * The part of Python's pickle (protocol 2, pickletools.py) that a file of tensors needs. Nothing is
 * executed: opcodes and globals that are not listed here are refused.
 */

/** What a pickle may name and call, by `module.name`; a string stands for itself. */
export type PickleGlobals = Record<string, string | ((args: unknown[]) => unknown)>;

const bad = (reason: string) =>
  new GillnetError(
    'BAD_MODEL_FILE',
    `Its pickle is refused: ${reason}. Nothing of it was executed.`,
  );

/** Those that are no letter, by pickletools' names. */
const opcode = {
  proto: 0x80,
  newObject: 0x81,
  tuple1: 0x85,
  tuple2: 0x86,
  tuple3: 0x87,
  newTrue: 0x88,
  newFalse: 0x89,
  long1: 0x8a,
  shortBinunicode: 0x8c,
  stackGlobal: 0x93,
  memoize: 0x94,
  frame: 0x95,
};

const mark = Symbol('mark');
/** Of bytes. Hundreds of times a ResNet's; an opcode of one byte can make an object of some 200. */
const longest = 4 * 1024 * 1024;

/**
 * Reads one value: dictionaries become Maps, tuples and lists arrays.
 * @param persistent turns a persistent id into its object
 * @throws GillnetError BAD_MODEL_FILE
 */
export function unpickle(
  bytes: Uint8Array,
  globals: PickleGlobals,
  persistent: (id: unknown) => unknown,
): unknown {
  if (bytes.length > longest) throw bad('it is too large');
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();

  const take = (count: number): Buffer => {
    if (at + count > view.length) throw bad('it is cut off');
    at += count;
    return view.subarray(at - count, at);
  };
  const line = (): string => {
    const end = view.indexOf(0x0a, at);
    if (end < 0) throw bad('it is cut off');
    const text = view.toString('utf8', at, end);
    at = end + 1;
    return text;
  };
  const pop = (): unknown => {
    if (stack.length === 0) throw bad('its stack runs empty');
    return stack.pop();
  };
  const push = (value: unknown): void => void stack.push(value);
  const toMark = (): unknown[] => {
    const from = stack.lastIndexOf(mark);
    if (from < 0) throw bad('a mark is missing');
    const values = stack.splice(from);
    return values.slice(1);
  };
  const topMap = (): Map<unknown, unknown> => {
    const top = stack[stack.length - 1];
    if (!(top instanceof Map)) throw bad('items are set on something that is no dictionary');
    return top;
  };
  const topList = (): unknown[] => {
    const top = stack[stack.length - 1];
    if (!Array.isArray(top)) throw bad('items are added to something that is no list');
    return top;
  };
  const recall = (key: number): unknown => {
    if (!memo.has(key)) throw bad('it recalls what it has not stored');
    return memo.get(key);
  };
  const popped = (count: number): unknown[] => {
    const values = Array.from({ length: count }, pop);
    return values.reverse();
  };

  const opcodes: Record<number, () => void> = {
    [opcode.proto]: () => {
      const [protocol] = take(1) as unknown as [number];
      if (protocol > 5) throw bad(`protocol ${protocol} is unknown`);
    },
    [opcode.frame]: () => void take(8),
    [code('(')]: () => push(mark),
    [code('}')]: () => push(new Map()),
    [code(']')]: () => push([]),
    [code(')')]: () => push([]),
    [code('t')]: () => push(toMark()),
    [opcode.tuple1]: () => push(popped(1)),
    [opcode.tuple2]: () => push(popped(2)),
    [opcode.tuple3]: () => push(popped(3)),
    [code('N')]: () => push(null),
    [opcode.newTrue]: () => push(true),
    [opcode.newFalse]: () => push(false),
    [code('K')]: () => push(take(1).readUInt8()),
    [code('M')]: () => push(take(2).readUInt16LE()),
    [code('J')]: () => push(take(4).readInt32LE()),
    [code('G')]: () => push(take(8).readDoubleBE()),
    [opcode.long1]: () => push(longOf(take(take(1).readUInt8()))),
    [code('X')]: () => push(take(take(4).readUInt32LE()).toString('utf8')),
    [opcode.shortBinunicode]: () => push(take(take(1).readUInt8()).toString('utf8')),
    [code('q')]: () => void memo.set(take(1).readUInt8(), stack[stack.length - 1]),
    [code('r')]: () => void memo.set(take(4).readUInt32LE(), stack[stack.length - 1]),
    [opcode.memoize]: () => void memo.set(memo.size, stack[stack.length - 1]),
    [code('h')]: () => push(recall(take(1).readUInt8())),
    [code('j')]: () => push(recall(take(4).readUInt32LE())),
    [code('c')]: () => push(globalOf(line(), line())),
    [opcode.stackGlobal]: () => {
      const [module, name] = popped(2);
      // Not `String(name)`: of arrays nested in arrays it is as long as a hostile file wants.
      if (typeof module !== 'string' || typeof name !== 'string') throw bad('a name is no text');
      push(globalOf(module, name));
    },
    [code('Q')]: () => push(persistent(pop())),
    [code('R')]: () => {
      const [callee, args] = popped(2);
      if (typeof callee !== 'function' || !Array.isArray(args)) {
        throw bad('it calls what can not be called');
      }
      push((callee as (args: unknown[]) => unknown)(args));
    },
    [code('s')]: () => {
      const [key, value] = popped(2);
      topMap().set(key, value);
    },
    [code('u')]: () => {
      const values = toMark();
      const map = topMap();
      for (let i = 0; i + 1 < values.length; i += 2) map.set(values[i], values[i + 1]);
    },
    [code('a')]: () => {
      const value = pop();
      topList().push(value);
    },
    [code('e')]: () => {
      const values = toMark();
      const list = topList();
      for (const value of values) list.push(value);
    },
    // Attributes of an OrderedDict, such as a state_dict's _metadata, tell nothing about tensors.
    [code('b')]: () => {
      pop();
      topMap();
    },
  };

  function globalOf(module: string, name: string): unknown {
    const full = `${module}.${name}`;
    if (!Object.hasOwn(globals, full)) {
      throw bad(`it names ${full}, which is not on the list of what a model file may use`);
    }
    return globals[full];
  }

  for (;;) {
    const next = take(1).readUInt8();
    if (next === code('.')) return pop();
    const act = opcodes[next];
    if (!act) throw bad(`opcode 0x${next.toString(16)} is not on the list`);
    act();
  }
}

function code(character: string): number {
  return character.charCodeAt(0);
}

function longOf(bytes: Buffer): number {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(bytes[i] as number);
  return Number(BigInt.asIntN(bytes.length * 8, value));
}

/** A value to pickle: an object of a class, a global, a call, a persistent id, or plain data. */
export type Pickleable =
  | string
  | number
  | boolean
  | { instance: [module: string, name: string]; attributes: [string, Pickleable][] }
  | { global: [module: string, name: string] }
  | { call: [callee: Pickleable, args: Pickleable[]] }
  | { persistent: Pickleable[] }
  | { tuple: Pickleable[] }
  | { items: [Pickleable, Pickleable][]; of: Pickleable };

/** Writes protocol 2, the one that every PyTorch reads with `weights_only`. */
export function pickle(value: Pickleable): Buffer {
  const parts: Buffer[] = [Buffer.from([opcode.proto, 2])];
  const put = (character: string) => void parts.push(Buffer.from(character, 'latin1'));

  const write = (each: Pickleable): void => {
    if (typeof each === 'string') {
      const text = Buffer.from(each);
      const head = Buffer.alloc(5);
      head.write('X');
      head.writeUInt32LE(text.length, 1);
      parts.push(head, text);
    } else if (typeof each === 'boolean') {
      parts.push(Buffer.from([each ? opcode.newTrue : opcode.newFalse]));
    } else if (typeof each === 'number') {
      const integer = Buffer.alloc(5);
      integer.write('J');
      integer.writeInt32LE(each, 1);
      parts.push(integer);
    } else if ('instance' in each) {
      write({ global: each.instance });
      parts.push(Buffer.from([code(')'), opcode.newObject]));
      put('}');
      setItems(each.attributes);
      put('b');
    } else if ('global' in each) {
      put(`c${each.global[0]}\n${each.global[1]}\n`);
    } else if ('call' in each) {
      write(each.call[0]);
      write({ tuple: each.call[1] });
      put('R');
    } else if ('persistent' in each) {
      write({ tuple: each.persistent });
      put('Q');
    } else if ('tuple' in each) {
      put('(');
      each.tuple.forEach(write);
      put('t');
    } else {
      write(each.of);
      setItems(each.items);
    }
  };
  const setItems = (items: [Pickleable, Pickleable][]): void => {
    put('(');
    for (const [key, item] of items) {
      write(key);
      write(item);
    }
    put('u');
  };
  write(value);
  put('.');
  return Buffer.concat(parts);
}
