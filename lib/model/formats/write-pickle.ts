/** Protocol 2 of Python's pickle, as far as a file of tensors needs it. */

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

/** Those that are no letter, by pickletools' names. */
const opcode = { proto: '\x80', newObject: '\x81', newTrue: '\x88', newFalse: '\x89' };

/** Writes protocol 2, the one that every PyTorch reads with `weights_only`. */
export function pickle(value: Pickleable): Buffer {
  const parts: Buffer[] = [];
  const put = (text: string) => void parts.push(Buffer.from(text, 'latin1'));
  const putInteger = (integer: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(integer);
    parts.push(bytes);
  };

  const write = (each: Pickleable): void => {
    if (typeof each === 'string') {
      const text = Buffer.from(each);
      put('X');
      putInteger(text.length);
      parts.push(text);
    } else if (typeof each === 'boolean') {
      put(each ? opcode.newTrue : opcode.newFalse);
    } else if (typeof each === 'number') {
      put('J');
      putInteger(each);
    } else if ('instance' in each) {
      write({ global: each.instance });
      put(`)${opcode.newObject}}`);
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
    items.flat().forEach(write);
    put('u');
  };
  put(`${opcode.proto}\x02`);
  write(value);
  put('.');
  return Buffer.concat(parts);
}
