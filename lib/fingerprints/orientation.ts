import type { Keypoint, Level } from './keypoints.js';

const bins = 36;
const radius = 8;
const sigma = 4;
/** Places around a keypoint, and how much each counts. */
const disc = placesWithin(radius);
/** A second direction this strong makes a second keypoint of the place (Lowe 2004). */
const secondPeak = 0.8;

/** Directions of most of the gradients around a keypoint, the strongest first, two at most. Radians. */
export function anglesOf({ x, y, level }: Keypoint, levels: Level[]): number[] {
  const index = Math.max(0, Math.min(levels.length - 1, Math.round(level)));
  const { values, width, height } = (levels[index] as Level).smooth;
  const first = (levels[0] as Level).smooth;
  const centreX = Math.round(((x + 0.5) * width) / first.width - 0.5);
  const centreY = Math.round(((y + 0.5) * height) / first.height - 0.5);
  const histogram = new Float64Array(bins);
  for (let place = 0; place < disc.weights.length; place += 1) {
    const column = centreX + (disc.x[place] as number);
    const row = centreY + (disc.y[place] as number);
    if (column < 1 || column >= width - 1 || row < 1 || row >= height - 1) continue;
    const at = row * width + column;
    const gradientX = (values[at + 1] as number) - (values[at - 1] as number);
    const gradientY = (values[at + width] as number) - (values[at - width] as number);
    const turn = (Math.atan2(gradientY, gradientX) / (2 * Math.PI) + 1) * bins;
    const bin = turn | 0;
    const share = turn - bin;
    const strength =
      (disc.weights[place] as number) * Math.sqrt(gradientX * gradientX + gradientY * gradientY);
    histogram[bin % bins] = (histogram[bin % bins] as number) + strength * (1 - share);
    histogram[(bin + 1) % bins] = (histogram[(bin + 1) % bins] as number) + strength * share;
  }
  const smoothed = smoothedTwice(histogram);
  const peaks: { angle: number; height: number }[] = [];
  for (let bin = 0; bin < bins; bin += 1) {
    const before = smoothed[(bin + bins - 1) % bins] as number;
    const middle = smoothed[bin] as number;
    const after = smoothed[(bin + 1) % bins] as number;
    if (middle <= before || middle < after) continue;
    const offset = (before - after) / (2 * (before + after - 2 * middle));
    peaks.push({ angle: (((bins + bin + offset) % bins) / bins) * 2 * Math.PI, height: middle });
  }
  peaks.sort((a, b) => b.height - a.height);
  const least = secondPeak * (peaks[0]?.height ?? 0);
  return peaks
    .filter(({ height: peak }) => peak >= least)
    .slice(0, 2)
    .map(({ angle }) => angle);
}

function smoothedTwice(histogram: Float64Array): Float64Array {
  let current = histogram;
  for (let pass = 0; pass < 2; pass += 1) {
    const next = new Float64Array(bins);
    for (let bin = 0; bin < bins; bin += 1) {
      const before = current[(bin + bins - 1) % bins] as number;
      const after = current[(bin + 1) % bins] as number;
      next[bin] = ((current[bin] as number) * 2 + before + after) / 4;
    }
    current = next;
  }
  return current;
}

function placesWithin(distance: number) {
  const edge = 2 * distance + 1;
  const all = Array.from({ length: edge * edge }, (_, place) => ({
    x: (place % edge) - distance,
    y: Math.floor(place / edge) - distance,
  }));
  const places = all.filter(({ x, y }) => x * x + y * y <= distance * distance);
  return {
    x: Int32Array.from(places, ({ x }) => x),
    y: Int32Array.from(places, ({ y }) => y),
    weights: Float64Array.from(places, ({ x, y }) => Math.exp(-(x * x + y * y) / (2 * sigma ** 2))),
  };
}
