/** Protocol 2 of Python's pickle, as far as a file of tensors needs it. */

/** A value to pickle: a global, a call, a persistent id, or plain data. */
export type Pickleable =
  | string
  | number
  | boolean
  | { global: [module: string, name: string] }
  | { call: [callee: Pickleable, args: Pickleable[]] }
  | { persistent: Pickleable[] }
  | { tuple: Pickleable[] }
  | { items: [Pickleable, Pickleable][]; of: Pickleable };

/** Writes protocol 2, the one that every PyTorch reads with `weights_only`. */
export function pickle(value: Pickleable): Buffer {
  const parts: Buffer[] = [Buffer.from([0x80, 2])];
  const put = (character: string) => void parts.push(Buffer.from(character, 'latin1'));

  const write = (each: Pickleable): void => {
    if (typeof each === 'string') {
      const text = Buffer.from(each);
      const head = Buffer.alloc(5);
      head.write('X');
      head.writeUInt32LE(text.length, 1);
      parts.push(head, text);
    } else if (typeof each === 'boolean') {
      parts.push(Buffer.from([each ? 0x88 : 0x89]));
    } else if (typeof each === 'number') {
      const integer = Buffer.alloc(5);
      integer.write('J');
      integer.writeInt32LE(each, 1);
      parts.push(integer);
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
      put('(');
      for (const [key, item] of each.items) {
        write(key);
        write(item);
      }
      put('u');
    }
  };
  write(value);
  put('.');
  return Buffer.concat(parts);
}
