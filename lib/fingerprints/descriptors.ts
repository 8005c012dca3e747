import { random } from '../random.js';
import { valueAt } from './grey.js';
import { type Keypoint, type Level, levelsPerOctave } from './keypoints.js';

/** uint32 words of a descriptor: 256 bits. */
export const descriptorWords = 8;

const pairCount = 128;
const pointCount = 64;
/** Pixels of a level. */
const patchRadius = 14;
/** Differences below this share of the patch's standard deviation are noise. */
const noise = 0.05;

/**
 * The pattern that descriptors are read by: points around a keypoint, each followed `pointCount` later by
 * its reflection in the keypoint's axis, and pairs of them, each followed `pairCount` later by its reflection.
 */
const pattern = drawnPattern();

/**
 * Describes what is around a keypoint by which of two points is brighter, for 256 pairs, turned by its angle
 * (BRIEF as in ORB, Rublee et al. 2011). Of the mirrored picture the two halves are exchanged.
 * @param into uint32 [8], written from `offset` on
 */
export function describe(
  { x, y, level, angle }: Keypoint,
  levels: Level[],
  into: Uint32Array,
  offset: number,
): void {
  const index = Math.max(0, Math.min(levels.length - 1, Math.round(level)));
  const { smooth } = levels[index] as Level;
  const first = (levels[0] as Level).smooth;
  const step = 2 ** ((level - index) / levelsPerOctave);
  const centreX = ((x + 0.5) * smooth.width) / first.width - 0.5;
  const centreY = ((y + 0.5) * smooth.height) / first.height - 0.5;
  const cosine = Math.cos(angle) * step;
  const sine = Math.sin(angle) * step;
  for (let i = 0; i < sampled.length; i += 1) {
    const px = pattern.x[i] as number;
    const py = pattern.y[i] as number;
    sampled[i] = valueAt(
      smooth,
      centreX + cosine * px - sine * py,
      centreY + sine * px + cosine * py,
    );
  }
  let squares = 0;
  for (const shape of pattern.common) {
    let share = 0;
    for (let i = 0; i < sampled.length; i += 1)
      share += (sampled[i] as number) * (shape[i] as number);
    squares = 0;
    for (let i = 0; i < sampled.length; i += 1) {
      const rest = (sampled[i] as number) - share * (shape[i] as number);
      sampled[i] = rest;
      squares += rest * rest;
    }
  }
  const least = noise * Math.sqrt(squares / sampled.length);
  for (let word = 0; word < descriptorWords; word += 1) {
    let bits = 0;
    for (let bit = 0; bit < 32; bit += 1) {
      const pair = word * 32 + bit;
      const difference =
        (sampled[pattern.to[pair] as number] as number) -
        (sampled[pattern.from[pair] as number] as number);
      if (difference > least) bits |= 1 << bit;
    }
    into[offset + word] = bits;
  }
}

const sampled = new Float32Array(2 * pointCount);

function drawnPattern() {
  const draws = random(1, 'descriptor pattern');
  const x = new Float32Array(2 * pointCount);
  const y = new Float32Array(2 * pointCount);
  for (let point = 0; point < pointCount; point += 1) {
    // Evenly over the disc by a golden-angle spiral, half of which lies on each side of the axis.
    const distance = patchRadius * Math.sqrt((point + 0.5) / pointCount);
    const direction = point * Math.PI * (3 - Math.sqrt(5));
    x[point] = distance * Math.cos(direction);
    y[point] = distance * Math.sin(direction);
    x[point + pointCount] = x[point] as number;
    y[point + pointCount] = -(y[point] as number);
  }
  const from = new Uint8Array(2 * pairCount);
  const to = new Uint8Array(2 * pairCount);
  const reflected = (point: number) => (point + pointCount) % (2 * pointCount);
  for (let pair = 0; pair < pairCount; ) {
    const a = draws.integer(2 * pointCount);
    const b = draws.integer(2 * pointCount);
    const distance = Math.hypot(
      (x[a] as number) - (x[b] as number),
      (y[a] as number) - (y[b] as number),
    );
    if (distance < patchRadius / 4 || distance > patchRadius * 1.4 || b === reflected(a)) continue;
    from[pair] = a;
    to[pair] = b;
    from[pair + pairCount] = reflected(a);
    to[pair + pairCount] = reflected(b);
    pair += 1;
  }
  return { x, y, from, to, common: commonShapes(x, y) };
}

/**
 * What all keypoints' surroundings have in common, and so tells nothing: brightness, its slope and its curvature.
 * Orthonormal, each odd or even under reflection.
 */
function commonShapes(x: Float32Array, y: Float32Array): Float64Array[] {
  const shapes: Float64Array[] = [];
  for (const of of [
    () => 1,
    (px: number) => px,
    (_: number, py: number) => py,
    (px: number, py: number) => px * px + py * py,
    (px: number, py: number) => px * px - py * py,
    (px: number, py: number) => px * py,
    (px: number, py: number) => px * px * px + px * py * py,
  ]) {
    const shape = Float64Array.from(x, (px, i) => of(px, y[i] as number));
    for (const other of shapes) {
      const share = shape.reduce((sum, value, i) => sum + value * (other[i] as number), 0);
      for (let i = 0; i < shape.length; i += 1) {
        shape[i] = (shape[i] as number) - share * (other[i] as number);
      }
    }
    const length = Math.sqrt(shape.reduce((sum, value) => sum + value * value, 0));
    shapes.push(shape.map((value) => value / length));
  }
  return shapes;
}

/** Bits in which two descriptors differ, 0…256, the second one as its picture's mirror image has it or not. */
export function distance(
  a: Uint32Array,
  aOffset: number,
  b: Uint32Array,
  bOffset: number,
  mirrored: boolean,
): number {
  const swap = mirrored ? descriptorWords / 2 : 0;
  let bits = 0;
  for (let word = 0; word < descriptorWords; word += 1) {
    bits += ones((a[aOffset + word] as number) ^ (b[bOffset + (word ^ swap)] as number));
  }
  return bits;
}

/** Whether two descriptors differ in no more bits than that, as `distance` counts them. */
export function isWithin(
  most: number,
  a: Uint32Array,
  aOffset: number,
  b: Uint32Array,
  bOffset: number,
  mirrored: boolean,
): boolean {
  const swap = mirrored ? descriptorWords / 2 : 0;
  let bits = 0;
  for (let word = 0; word < descriptorWords && bits <= most; word += 1) {
    bits += ones((a[aOffset + word] as number) ^ (b[bOffset + (word ^ swap)] as number));
  }
  return bits <= most;
}

/** Bits that are set in 32. */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
