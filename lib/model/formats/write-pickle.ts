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
const opcode = { proto: 0x80, newObject: 0x81, newTrue: 0x88, newFalse: 0x89 };

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
      put(')');
      parts.push(Buffer.from([opcode.newObject]));
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
