import { createHash } from 'node:crypto';

/** A stream of pseudo-random numbers that depends on nothing but what it was made from. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in 0…bound-1. */
  integer(bound: number): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Standard normal, by Box and Muller. */
  normal(): number;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** A shuffled copy, by Fisher and Yates. */
  shuffle<T>(items: readonly T[]): T[];
}

/**
 * The stream named by a seed and a path: streams of different names are independent, so that no draw
 * depends on how many were made elsewhere. sfc32 (Doty-Humphrey, PractRand), seeded by SHA-256.
 */
export function random(seed: number, ...path: (string | number)[]): Random {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...path]))
    .digest();
  let a = digest.readUInt32LE(0);
  let b = digest.readUInt32LE(4);
  let c = digest.readUInt32LE(8);
  let counter = 1;

  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 2 ** 32;
  };
  const integer = (bound: number) => Math.floor(next() * bound);

  return {
    next,
    integer,
    between: (low, high) => low + (high - low) * next(),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: <T>(items: readonly [T, ...T[]]) => items[integer(items.length)] as T,
    shuffle: <T>(items: readonly T[]) => {
      const shuffled = [...items];
      for (let last = shuffled.length - 1; last > 0; last -= 1) {
        const other = integer(last + 1);
        [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
      }
      return shuffled;
    },
  };
}
