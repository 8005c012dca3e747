import { random } from '../random.js';
import { Spool, type Spooled } from '../spool.js';
import { descriptorWords, distance } from './descriptors.js';
import { type Fingerprint, mostKeypoints } from './fingerprint.js';
import { bytesOf, Parts } from './parts.js';
import { sortedByKey } from './stable-sort.js';

/** Told of two keypoints that look alike, by fingerprint and place in it, that of the first fingerprint first. */
export type Tell = (
  first: number,
  from: number,
  second: number,
  to: number,
  mirrored: boolean,
) => void;

/** Fingerprints that need not be in memory as such: each is asked for when it is needed, some of them again. */
export interface Fingerprints {
  count: number;
  at(index: number): Fingerprint;
}

const tableCount = 6;
/** Bits that a key takes of each half of a descriptor; more of them, the more keypoints there are. */
const halfBits = { least: 6, most: 12, spare: 2 };
/** Bits in which two descriptors with the same key differ at most to match. */
const mostBits = 40;
/** Keypoints after each with the same key that it is compared with: what keeps the work linear. */
const compared = 12;
/** Keypoints in a part of a table, as far as keys part them: few enough for a core's cache. */
const partKeypoints = 4096;

/** Words of a record of a table, which the descriptor follows. */
const word = { keys: 0, owner: 1, keypoint: 2, descriptor: 3 } as const;
const recordWords = word.descriptor + descriptorWords;

/**
 * Pairs of keypoints whose descriptors are nearly equal, mirrored or not, by locality-sensitive hashing (Indyk and
 * Motwani 1998): tables keyed by some of the bits. A key takes the same bits of both halves of a descriptor, so that
 * it is the same for the mirrored one. Time grows with the number of keypoints; a table is looked at part by part.
 * @param memory bytes that descriptors and a table may take, beside some 40 MB; more than that goes into a file
 * @param tell may be told a pair again, by another table
 */
export function lookAlikes(fingerprints: Fingerprints, memory: number, tell: Tell): void {
  const [ofAll, ofTable] = [new Spool(memory / 2), new Spool(memory / 2)];
  try {
    const descriptors = new Descriptors(fingerprints, ofAll);
    const half = Math.max(
      halfBits.least,
      Math.min(halfBits.most, Math.round(Math.log2(descriptors.count + 1) / 2) + halfBits.spare),
    );
    const partBits = Math.min(half, Math.round(Math.log2(1 + descriptors.count / partKeypoints)));
    const table = new Parts(2 ** partBits, recordWords, ofTable);
    for (let number = 0; number < tableCount; number += 1) {
      const bits = random(1, 'index', number)
        .shuffle(Array.from({ length: (descriptorWords / 2) * 32 }, (_, bit) => bit))
        .slice(0, half);
      fill(table, descriptors, bits, half - partBits);
      for (let part = 0; part < table.count; part += 1) compare(table.read(part), half, tell);
      table.clear();
    }
  } finally {
    ofTable.close();
    ofAll.close();
  }
}

/** The descriptors of all keypoints, fingerprint by fingerprint. */
class Descriptors {
  readonly #spooled: Spooled[] = [];
  readonly #spool: Spool;
  /** Keypoints. */
  count = 0;

  constructor(fingerprints: Fingerprints, spool: Spool) {
    this.#spool = spool;
    for (let index = 0; index < fingerprints.count; index += 1) {
      const { descriptors } = fingerprints.at(index);
      this.#spooled.push(spool.add(bytesOf(descriptors)));
      this.count += descriptors.length / descriptorWords;
    }
  }

  /** Each is overwritten by the next one. */
  *[Symbol.iterator](): Generator<Uint32Array> {
    const most = new Uint32Array(mostKeypoints * descriptorWords);
    for (const spooled of this.#spooled) {
      const descriptors = most.subarray(0, spooled.length / most.BYTES_PER_ELEMENT);
      this.#spool.read(spooled, bytesOf(descriptors));
      yield descriptors;
    }
  }
}

/**
 * Puts all keypoints into a table by their keys: chosen bits of both halves, the smaller number first, exchanged or not.
 * @param shift of the first key, which leaves the part
 */
function fill(table: Parts, all: Iterable<Uint32Array>, bits: number[], shift: number): void {
  const record = new Uint32Array(recordWords);
  let owner = 0;
  for (const descriptors of all) {
    for (let at = 0; at < descriptors.length; at += descriptorWords) {
      let one = 0;
      let other = 0;
      for (const bit of bits) {
        const place = at + (bit >>> 5);
        one = (one << 1) | (((descriptors[place] as number) >>> (bit & 31)) & 1);
        other =
          (other << 1) |
          (((descriptors[place + descriptorWords / 2] as number) >>> (bit & 31)) & 1);
      }
      const first = Math.min(one, other);
      record[word.keys] = (first << 16) | (Math.max(one, other) << 1) | (one > other ? 1 : 0);
      record[word.owner] = owner;
      record[word.keypoint] = at / descriptorWords;
      for (let i = 0; i < descriptorWords; i += 1) {
        record[word.descriptor + i] = descriptors[at + i] as number;
      }
      table.add(first >>> shift, record);
    }
    owner += 1;
  }
}

/** Compares the keypoints of a part that have the same key. @param half bits of each of the two keys */
function compare(records: Uint32Array, half: number, tell: Tell): void {
  const count = records.length / recordWords;
  const keys = new Uint32Array(count);
  const first = new Uint16Array(count);
  const second = new Uint16Array(count);
  for (let i = 0; i < count; i += 1) {
    const key = records[i * recordWords + word.keys] as number;
    keys[i] = key;
    first[i] = key >>> 16;
    second[i] = (key & 0xffff) >>> 1;
  }
  const order = sortedByKey(first, 2 ** half, sortedByKey(second, 2 ** half));
  for (let i = 0; i < count; i += 1) {
    const a = order[i] as number;
    const key = keys[a] as number;
    const last = Math.min(count, i + 1 + compared);
    for (let j = i + 1; j < last; j += 1) {
      const b = order[j] as number;
      const differing = key ^ (keys[b] as number);
      if (differing > 1) break;
      const [one, other] = [a * recordWords, b * recordWords];
      const owner = records[one + word.owner] as number;
      if (owner === records[other + word.owner]) continue;
      const [from, to] = [one + word.descriptor, other + word.descriptor];
      const mirrored = differing === 1;
      if (distance(records, from, records, to, mirrored, mostBits) > mostBits) continue;
      // Those with one key stand in the order of the fingerprints.
      tell(
        owner,
        records[one + word.keypoint] as number,
        records[other + word.owner] as number,
        records[other + word.keypoint] as number,
        mirrored,
      );
    }
  }
}
