import { random } from '../random.js';
import { descriptorWords, isWithin } from './descriptors.js';
import { type Fingerprint, mostKeypoints } from './fingerprint.js';
import { layingOf, type Match, placesOf, proposedBy } from './proposal.js';
import { sortedByKey } from './stable-sort.js';

/** Two fingerprints, by their places in the list, that may show the same. */
export interface Candidate {
  first: number;
  second: number;
  /** Keypoints that look alike and agree on how one photo lies on the other. */
  matches: Match[];
}

const tableCount = 6;
/** Bits that a key takes of each half of a descriptor; more of them, the more keypoints there are. */
const halfBits = { least: 6, most: 12, spare: 2 };
/** Bits in which two descriptors with the same key differ at most to match. */
const mostBits = 40;
/** Keypoints after each with the same key that it is compared with: what keeps the work linear. */
const compared = 12;
/** Matches that must agree on how one photo lies on the other. */
const leastPlaces = 3;
const tolerance = { pixels: 20, octaves: 0.6, turn: Math.PI / 6 };
/** Matches of two photos that are looked at. */
const mostMatches = 40;

/** Fingerprints that need not be in memory as such: each is asked for when it is needed, some of them again. */
export interface Fingerprints {
  count: number;
  at(index: number): Fingerprint;
}

/**
 * Pairs of fingerprints that may show the same: several of their descriptors are nearly equal, mirrored or not,
 * and agree on how one lies on the other. Descriptors are found by locality-sensitive hashing (Indyk and Motwani
 * 1998): tables keyed by some of the bits. A key takes the same bits of both halves of a descriptor, so that it
 * is the same for the mirrored one. Time and memory grow with the number of keypoints.
 * @returns in ascending order, `first` < `second`
 */
export function candidatesOf(fingerprints: Fingerprints): Candidate[] {
  const all = gathered(fingerprints);
  const count = all.owner.length;
  const half = Math.max(
    halfBits.least,
    Math.min(halfBits.most, Math.round(Math.log2(count + 1) / 2) + halfBits.spare),
  );
  const hits = new Hits();
  const keys: Keys = {
    first: new Uint16Array(count),
    second: new Uint16Array(count),
    exchanged: new Uint8Array(count),
  };
  const { first, second, exchanged } = keys;
  const orders = [new Uint32Array(count), new Uint32Array(count)] as const;
  for (let table = 0; table < tableCount; table += 1) {
    const bits = random(1, 'index', table)
      .shuffle(Array.from({ length: (descriptorWords / 2) * 32 }, (_, bit) => bit))
      .slice(0, half);
    setKeys(keys, all.descriptors, bits);
    const bySecond = sortedByKey(second, 2 ** half, undefined, orders[0]);
    const order = sortedByKey(first, 2 ** half, bySecond, orders[1]);
    for (let i = 0; i < count; i += 1) {
      const a = order[i] as number;
      const last = Math.min(count, i + 1 + compared);
      for (let j = i + 1; j < last; j += 1) {
        const b = order[j] as number;
        if (first[a] !== first[b] || second[a] !== second[b]) break;
        if (all.owner[a] === all.owner[b]) continue;
        const mirrored = exchanged[a] !== exchanged[b];
        const at = a * descriptorWords;
        if (
          isWithin(mostBits, all.descriptors, at, all.descriptors, b * descriptorWords, mirrored)
        ) {
          hits.add(a, b, mirrored);
        }
      }
    }
  }
  return agreeingPairs(fingerprints, all, hits);
}

/** The pairs of fingerprints whose matches agree. */
function agreeingPairs(
  fingerprints: Fingerprints,
  { owner, start }: Gathered,
  hits: Hits,
): Candidate[] {
  const { from, to, mirrored } = hits;
  const firsts = Uint32Array.from(from, (keypoint) => owner[keypoint] as number);
  const seconds = Uint32Array.from(to, (keypoint) => owner[keypoint] as number);
  const { count } = fingerprints;
  const order = sortedByKey(firsts, count, sortedByKey(seconds, count));
  const found: Candidate[] = [];
  for (let begin = 0; begin < order.length; ) {
    const first = firsts[order[begin] as number] as number;
    const second = seconds[order[begin] as number] as number;
    let end = begin + 1;
    while (
      end < order.length &&
      firsts[order[end] as number] === first &&
      seconds[order[end] as number] === second
    ) {
      end += 1;
    }
    const some = order.subarray(begin, end);
    begin = end;
    if (some.length < leastPlaces) continue;
    // Several tables may have brought the same two keypoints together.
    const distinct = new Map<number, Match>();
    for (const hit of some) {
      if (distinct.size === mostMatches) break;
      const match = {
        from: (from[hit] as number) - (start[first] as number),
        to: (to[hit] as number) - (start[second] as number),
        mirrored: mirrored[hit] === 1,
      };
      distinct.set((match.from * mostKeypoints + match.to) * 2 + (mirrored[hit] as number), match);
    }
    if (distinct.size < leastPlaces) continue;
    const matches = [...distinct.values()];
    const a = fingerprints.at(first);
    const b = fingerprints.at(second);
    let best: Match[] = [];
    let places = leastPlaces - 1;
    for (const match of matches) {
      const lays = layingOf(a, b, proposedBy(a, b, match), tolerance);
      const agree = matches.filter(
        ({ from, to, mirrored }) => mirrored === match.mirrored && lays(from, to),
      );
      if (agree.length <= places) continue;
      const agreed = placesOf(a, b, agree);
      if (agreed <= places) continue;
      places = agreed;
      best = agree;
    }
    if (best.length > 0) found.push({ first, second, matches: best });
  }
  return found;
}

/** The keypoints of several fingerprints as one list. */
interface Gathered {
  descriptors: Uint32Array;
  /** Which fingerprint each keypoint belongs to. */
  owner: Uint32Array;
  /** Where each fingerprint's keypoints begin. */
  start: Uint32Array;
}

function gathered(fingerprints: Fingerprints): Gathered {
  // What stays unwritten takes no memory.
  const most = fingerprints.count * mostKeypoints;
  const descriptors = new Uint32Array(most * descriptorWords);
  const owner = new Uint32Array(most);
  const start = new Uint32Array(fingerprints.count);
  let offset = 0;
  for (let index = 0; index < fingerprints.count; index += 1) {
    const fingerprint = fingerprints.at(index);
    descriptors.set(fingerprint.descriptors, offset * descriptorWords);
    owner.fill(index, offset, offset + fingerprint.x.length);
    start[index] = offset;
    offset += fingerprint.x.length;
  }
  return {
    descriptors: descriptors.subarray(0, offset * descriptorWords),
    owner: owner.subarray(0, offset),
    start,
  };
}

/** The keys of some descriptors: chosen bits of both halves, the smaller number first, exchanged or not. */
interface Keys {
  first: Uint16Array;
  second: Uint16Array;
  exchanged: Uint8Array;
}

function setKeys({ first, second, exchanged }: Keys, descriptors: Uint32Array, bits: number[]) {
  for (let i = 0; i < first.length; i += 1) {
    let one = 0;
    let other = 0;
    for (const bit of bits) {
      const at = i * descriptorWords + (bit >>> 5);
      one = (one << 1) | (((descriptors[at] as number) >>> (bit & 31)) & 1);
      other =
        (other << 1) | (((descriptors[at + descriptorWords / 2] as number) >>> (bit & 31)) & 1);
    }
    first[i] = Math.min(one, other);
    second[i] = Math.max(one, other);
    exchanged[i] = one > other ? 1 : 0;
  }
}

/** Pairs of keypoints that look alike, the lower one first. */
class Hits {
  #from = new Uint32Array(1024);
  #to = new Uint32Array(1024);
  #mirrored = new Uint8Array(1024);
  #count = 0;

  add(a: number, b: number, mirrored: boolean): void {
    if (this.#count === this.#from.length) {
      this.#from = extended(this.#from, new Uint32Array(2 * this.#count));
      this.#to = extended(this.#to, new Uint32Array(2 * this.#count));
      this.#mirrored = extended(this.#mirrored, new Uint8Array(2 * this.#count));
    }
    this.#from[this.#count] = Math.min(a, b);
    this.#to[this.#count] = Math.max(a, b);
    this.#mirrored[this.#count] = mirrored ? 1 : 0;
    this.#count += 1;
  }

  get from(): Uint32Array {
    return this.#from.subarray(0, this.#count);
  }

  get to(): Uint32Array {
    return this.#to.subarray(0, this.#count);
  }

  get mirrored(): Uint8Array {
    return this.#mirrored.subarray(0, this.#count);
  }
}

function extended<T extends Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
