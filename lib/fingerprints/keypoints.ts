import { blurred, type Grey, resized } from './grey.js';

/** One size of a picture. */
export interface Level {
  /** Smoothed: what descriptors read. */
  smooth: Grey;
  /** Difference of Gaussians: large on blobs and corners of this level's size. */
  contrast: Grey;
}

/** A place that is found again in a variant of the picture. */
export interface Keypoint {
  /** Pixels of the first level. */
  x: number;
  y: number;
  /** The level, with a share between levels. */
  level: number;
  /** Radians, the direction of most of the gradients around it. */
  angle: number;
  strength: number;
}

/** Levels to an octave. */
export const levelsPerOctave = 3;
const levelCount = 7;
const smallestEdge = 16;
/** Gaussians in pixels of a level: of each level, and between two of them. */
const levelSigma = 1;
const contrastSigma = 1.2;
const leastContrast = 0.8;
/** A ratio of principal curvatures beyond which a place is an edge (Lowe 2004). */
const edgeRatio = 12;

/** The picture at sizes that fall by a third of an octave, as far as there is something to see. */
export function pyramidOf(grey: Grey): Level[] {
  const levels: Level[] = [];
  const factor = 2 ** (1 / levelsPerOctave);
  const between = levelSigma * Math.sqrt(factor * factor - 1);
  let current = blurred(grey, levelSigma);
  for (let index = 0; index < levelCount; index += 1) {
    const smooth = blurred(current, contrastSigma);
    const values = new Float32Array(smooth.values.length);
    for (let i = 0; i < values.length; i += 1) {
      values[i] = (smooth.values[i] as number) - (current.values[i] as number);
    }
    levels.push({ smooth, contrast: { ...smooth, values } });
    const width = Math.round(grey.width / factor ** (index + 1));
    const height = Math.round(grey.height / factor ** (index + 1));
    if (Math.min(width, height) < smallestEdge) break;
    current = resized(blurred(current, between), width, height);
  }
  return levels;
}

/**
 * Extremes of the difference of Gaussians in place and size (Lowe, Distinctive image features from
 * scale-invariant keypoints, 2004), without those on edges. Strongest first; angles are still 0.
 */
export function extremesOf(levels: Level[]): Keypoint[] {
  const found: Keypoint[] = [];
  levels.forEach(({ contrast }, index) => {
    const { values, width, height } = contrast;
    const scaleX = (levels[0] as Level).contrast.width / width;
    const scaleY = (levels[0] as Level).contrast.height / height;
    for (let y = 2; y < height - 2; y += 1) {
      for (let x = 2; x < width - 2; x += 1) {
        const at = y * width + x;
        const value = values[at] as number;
        const sign = value < 0 ? -1 : 1;
        if (sign * value < leastContrast || !isPeak(values, at, width, sign)) continue;
        const below = strongestNear(levels[index - 1], x, y, contrast, sign);
        const above = strongestNear(levels[index + 1], x, y, contrast, sign);
        if (below > sign * value || above > sign * value) continue;
        if (isEdge(values, at, width)) continue;
        const dx = vertex(values[at - 1] as number, value, values[at + 1] as number);
        const dy = vertex(values[at - width] as number, value, values[at + width] as number);
        const between = levels[index - 1] && levels[index + 1];
        found.push({
          x: (x + dx + 0.5) * scaleX - 0.5,
          y: (y + dy + 0.5) * scaleY - 0.5,
          level: index + (between ? vertex(below, sign * value, above) : 0),
          angle: 0,
          strength: sign * value,
        });
      }
    }
  });
  return found.sort((a, b) => b.strength - a.strength || a.x - b.x || a.y - b.y);
}

function isPeak(values: Float32Array, at: number, width: number, sign: number): boolean {
  const value = sign * (values[at] as number);
  const isBelow = (i: number) => sign * (values[i] as number) < value;
  return (
    isBelow(at - 1) &&
    isBelow(at + 1) &&
    isBelow(at - width) &&
    isBelow(at + width) &&
    isBelow(at - width - 1) &&
    isBelow(at - width + 1) &&
    isBelow(at + width - 1) &&
    isBelow(at + width + 1)
  );
}

/** The most contrast of a sign in the 3 × 3 pixels of another level around a place of this one. */
function strongestNear(
  level: Level | undefined,
  x: number,
  y: number,
  { width, height }: Grey,
  sign: number,
): number {
  if (!level) return Number.NEGATIVE_INFINITY;
  const { contrast } = level;
  const centreX = Math.round(((x + 0.5) * contrast.width) / width - 0.5);
  const centreY = Math.round(((y + 0.5) * contrast.height) / height - 0.5);
  let most = Number.NEGATIVE_INFINITY;
  for (let i = Math.max(0, centreY - 1); i <= Math.min(contrast.height - 1, centreY + 1); i += 1) {
    for (let j = Math.max(0, centreX - 1); j <= Math.min(contrast.width - 1, centreX + 1); j += 1) {
      const value = sign * (contrast.values[i * contrast.width + j] as number);
      if (value > most) most = value;
    }
  }
  return most;
}

function isEdge(values: Float32Array, at: number, width: number): boolean {
  const near = (offset: number) => values[at + offset] as number;
  const xx = near(1) + near(-1) - 2 * near(0);
  const yy = near(width) + near(-width) - 2 * near(0);
  const xy = (near(width + 1) + near(-width - 1) - near(width - 1) - near(-width + 1)) / 4;
  const determinant = xx * yy - xy * xy;
  return (
    determinant <= 0 || ((xx + yy) * (xx + yy)) / determinant > (edgeRatio + 1) ** 2 / edgeRatio
  );
}

/** Where a parabola through three neighbours has its extreme, from the middle one, within half a step. */
function vertex(before: number, middle: number, after: number): number {
  const curvature = before + after - 2 * middle;
  if (curvature === 0) return 0;
  return Math.max(-0.5, Math.min(0.5, (before - after) / (2 * curvature)));
}
