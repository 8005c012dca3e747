import { Spool } from '../spool.js';
import { type Fingerprint, mostKeypoints } from './fingerprint.js';
import { type Fingerprints, lookAlikes } from './look-alikes.js';
import { Parts } from './parts.js';
import { layingOf, type Match, placesOf, proposedBy } from './proposal.js';
import { sortedByKey } from './stable-sort.js';

/** Two fingerprints, and their places in the list, that may show the same. */
export interface Candidate {
  first: number;
  second: number;
  a: Fingerprint;
  b: Fingerprint;
  /** Keypoints that look alike and agree on how one photo lies on the other. */
  matches: Match[];
}

/** Matches that must agree on how one photo lies on the other. */
const leastPlaces = 3;
const tolerance = { pixels: 20, octaves: 0.6, turn: Math.PI / 6 };
/** Matches of two photos that are looked at. */
const mostMatches = 40;

/** Parts into which matches go by their first fingerprint: few are in memory at once. */
const partCount = 1024;
/** Words of a match between two fingerprints. */
const word = { first: 0, second: 1, keypoints: 2 } as const;
const matchWords = 3;

/**
 * Pairs of fingerprints that may show the same: several of their descriptors are nearly equal, mirrored or not,
 * and agree on how one lies on the other.
 * @param memory bytes, beside some 50 MB; more than that goes into a file
 * @returns in ascending order, `first` < `second`
 */
export function* candidatesOf(fingerprints: Fingerprints, memory: number): Generator<Candidate> {
  const { count } = fingerprints;
  const perPart = Math.max(1, Math.ceil(count / partCount));
  const spool = new Spool(memory / 4);
  const matches = new Parts(Math.ceil(count / perPart), matchWords, spool);
  const match = new Uint32Array(matchWords);
  try {
    lookAlikes(fingerprints, (memory * 3) / 4, (first, from, second, to, mirrored) => {
      match[word.first] = first;
      match[word.second] = second;
      match[word.keypoints] = (from * mostKeypoints + to) * 2 + (mirrored ? 1 : 0);
      matches.add(Math.floor(first / perPart), match);
    });
    for (let part = 0; part < matches.count; part += 1) {
      yield* agreeingPairs(fingerprints, matches.read(part));
    }
  } finally {
    spool.close();
  }
}

/** The pairs of fingerprints whose matches agree. */
function* agreeingPairs(fingerprints: Fingerprints, records: Uint32Array): Generator<Candidate> {
  let of: { first: number; a: Fingerprint } | undefined;
  for (const { first, second, matches } of pairsIn(records, fingerprints.count)) {
    if (of?.first !== first) of = { first, a: fingerprints.at(first) };
    const { a } = of;
    const b = fingerprints.at(second);
    const agreeing = agreeingOf(a, b, matches);
    if (agreeing.length > 0) yield { first, second, a, b, matches: agreeing };
  }
}

/** The pairs of fingerprints that have enough matches, and those of their matches that are looked at. */
function* pairsIn(
  records: Uint32Array,
  count: number,
): Generator<Pick<Candidate, 'first' | 'second' | 'matches'>> {
  const numbers = (of: number) => records.filter((_, index) => index % matchWords === of);
  const firsts = numbers(word.first);
  const seconds = numbers(word.second);
  const keypoints = numbers(word.keypoints);
  const order = sortedByKey(firsts, count, sortedByKey(seconds, count));
  for (let begin = 0; begin < order.length; ) {
    const first = firsts[order[begin] as number] as number;
    const second = seconds[order[begin] as number] as number;
    // Several tables may have brought the same two keypoints together.
    const distinct = new Set<number>();
    let end = begin;
    for (; end < order.length; end += 1) {
      const match = order[end] as number;
      if (firsts[match] !== first || seconds[match] !== second) break;
      if (distinct.size < mostMatches) distinct.add(keypoints[match] as number);
    }
    begin = end;
    if (distinct.size >= leastPlaces)
      yield { first, second, matches: Array.from(distinct, matchOf) };
  }
}

/** The most places that agree on how one photo lies on the other, as matches; empty where too few do. */
function agreeingOf(a: Fingerprint, b: Fingerprint, matches: Match[]): Match[] {
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
  return best;
}

/** A match from the number that is kept of it. */
function matchOf(keypoints: number): Match {
  const both = Math.floor(keypoints / 2);
  return {
    from: Math.floor(both / mostKeypoints),
    to: both % mostKeypoints,
    mirrored: keypoints % 2 === 1,
  };
}
