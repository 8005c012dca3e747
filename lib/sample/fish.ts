import type { Random } from '../random.js';
import type { Species } from './species.js';

type Point = [x: number, y: number];

const at = ([x, y]: Point) => `${(x * 100).toFixed(2)} ${(y * 100).toFixed(2)}`;
const polygon = (points: Point[]) => `M${points.map(at).join('L')}Z`;

/** A smooth curve through all points: Catmull and Rom's spline as Bézier segments. */
function curve(points: Point[]): string {
  const point = (index: number) => points[Math.max(0, Math.min(points.length - 1, index))] as Point;
  const segments = points.slice(1).map((to, index) => {
    const [before, from, after] = [point(index - 1), point(index), point(index + 2)];
    const first: Point = [from[0] + (to[0] - before[0]) / 6, from[1] + (to[1] - before[1]) / 6];
    const second: Point = [to[0] - (after[0] - from[0]) / 6, to[1] - (after[1] - from[1]) / 6];
    return `C${at(first)},${at(second)},${at(to)}`;
  });
  return `M${at(point(0))}${segments.join('')}`;
}

/** One fish as SVG, its nose at (0, 0) to the left and its tail root at (100, 0); no two are alike. */
export function drawFish(species: Species, random: Random): string {
  const half = random.between(...species.height) / 2;
  const bend = random.between(-0.09, 0.09);
  // The spine bends sideways, more towards the tail.
  const spine = (x: number) => bend * Math.sin(Math.PI * x * 1.3) * x;
  const profile = (heights: number[], x: number) => {
    const place = x * (heights.length - 1);
    const index = Math.min(heights.length - 2, Math.floor(place));
    const [from, to] = [heights[index] as number, heights[index + 1] as number];
    return half * (from + (to - from) * (place - index));
  };
  const grown = (heights: number[]) => heights.map((each) => each * random.between(0.86, 1.14));
  const [above, below] = [grown(species.back), grown(species.belly)];
  const back = (x: number): Point => [x, spine(x) - profile(above, x)];
  const belly = (x: number): Point => [x, spine(x) + profile(below, x)];

  const steps = Array.from({ length: 15 }, (_, index) => index / 14);
  const nose: Point = [-0.02, 0];
  const outline = `${curve([nose, ...steps.map(back), ...steps.map(belly).reverse(), nose])}Z`;

  const hue = random.between(...species.hue);
  const saturation = random.between(...species.saturation);
  const lightness = random.between(...species.lightness);
  const colour = (lighter: number, opacity = 1) =>
    `hsla(${hue.toFixed(0)},${saturation.toFixed(0)}%,${Math.min(96, lightness + lighter).toFixed(0)}%,${opacity})`;

  const sway = random.between(-0.04, 0.04);
  const fin = (
    edge: (x: number) => Point,
    up: number,
    { from, to, height }: Species['dorsal'][0],
  ) => {
    const tall = height * random.between(0.7, 1.25) * up;
    const moved = random.between(-0.05, 0.04);
    const crest = [0.15, 0.4, 0.7, 1].map((share): Point => {
      const [x, y] = edge(from + moved + (to - from) * share);
      const ray = tall * random.between(0.85, 1.15);
      return [x + 0.03, y - ray * Math.sin(Math.PI * Math.min(0.92, 0.35 + share * 0.5))];
    });
    return `<path d="${polygon([edge(from + moved), ...crest, edge(to + moved)])}" fill="${colour(-4, 0.88)}"/>`;
  };

  return `
    <defs>
      <linearGradient id="fish-shade" x1="0" y1="0" x2="0" y2="1">
        <stop offset="0" stop-color="${colour(0)}"/>
        <stop offset="0.5" stop-color="${colour(species.countershading * 0.35)}"/>
        <stop offset="1" stop-color="${colour(species.countershading)}"/>
      </linearGradient>
      <clipPath id="fish-body"><path d="${outline}"/></clipPath>
    </defs>
    ${tail(species, spine(1), sway, random, colour)}
    ${species.dorsal.map((each) => fin(back, 1, each)).join('')}
    ${species.anal.map((each) => fin(belly, -1, each)).join('')}
    <path d="${outline}" fill="url(#fish-shade)"/>
    <g clip-path="url(#fish-body)">${markings(species, half, spine, random, colour)}</g>
    ${head(species, half, random, colour)}`;
}

type Colour = (lighter: number, opacity?: number) => string;

function tail(species: Species, y: number, sway: number, random: Random, colour: Colour): string {
  const { shape } = species.tail;
  const length = species.tail.length * random.between(0.75, 1.25);
  const spread = species.tail.spread * random.between(0.75, 1.25);
  const root = 0.05;
  const end = 0.97 + length;
  const tips: Record<typeof shape, Point[]> = {
    forked: [
      [end, -spread],
      [0.97 + length * 0.45, 0],
      [end, spread],
    ],
    rounded: [
      [end - 0.06, -spread],
      [end, -spread * 0.5],
      [end + 0.02, 0],
      [end, spread * 0.5],
      [end - 0.06, spread],
    ],
    square: [
      [end - 0.02, -spread],
      [end, -spread * 0.4],
      [end, spread * 0.4],
      [end - 0.02, spread],
    ],
    veil: [
      [end - 0.1, -spread],
      [end, -spread * 0.55],
      [0.97 + length * 0.55, 0],
      [end, spread * 0.75],
      [end - 0.08, spread * 1.25],
    ],
  };
  const bent = tips[shape].map(([x, tipY]): Point => [x, y + tipY + sway]);
  const points: Point[] = [[0.95, y - root], ...bent, [0.95, y + root]];
  const smooth = shape === 'rounded' || shape === 'veil';
  return `<path d="${smooth ? `${curve(points)}Z` : polygon(points)}" fill="${colour(-3, shape === 'veil' ? 0.75 : 0.92)}"/>`;
}

function head(species: Species, half: number, random: Random, colour: Colour): string {
  const eye: Point = [random.between(0.08, 0.11), -half * 0.28];
  const radius = random.between(1.3, 2) * (species.markings === 'scales' ? 1.5 : 1);
  const gill = curve([
    [0.2, -half * 0.6],
    [0.225, 0],
    [0.2, half * 0.6],
  ]);
  const fin = polygon([
    [0.24, half * 0.35],
    [0.36, half * 0.6 + random.between(0.02, 0.08)],
    [0.33, half * 0.25],
  ]);
  const barbels = Array.from({ length: species.barbels }, (_, index) => {
    const side = index % 2 === 0 ? 1 : -0.5;
    const reach = random.between(0.14, 0.24);
    const whisker = curve([
      [0.02, half * 0.2 * side],
      [-reach * 0.5, half * 0.6 * side + random.between(0, 0.05)],
      [-reach * random.between(0.7, 1), half * side + random.between(0.02, 0.14)],
    ]);
    return `<path d="${whisker}" fill="none" stroke="${colour(-8)}" stroke-width="1.1" stroke-linecap="round"/>`;
  });
  return `
    ${barbels.join('')}
    <path d="${gill}" fill="none" stroke="${colour(-14, 0.7)}" stroke-width="0.9"/>
    <path d="${fin}" fill="${colour(-6, 0.85)}"/>
    <circle cx="${eye[0] * 100}" cy="${eye[1] * 100}" r="${radius}" fill="#f4efd0"/>
    <circle cx="${eye[0] * 100}" cy="${eye[1] * 100}" r="${radius * 0.6}" fill="#15130f"/>`;
}

function markings(
  species: Species,
  half: number,
  spine: (x: number) => number,
  random: Random,
  colour: Colour,
): string {
  const marks: string[] = [];
  const stroke = (d: string, style: string, width: number) =>
    marks.push(`<path d="${d}" fill="none" stroke="${style}" stroke-width="${width.toFixed(2)}"/>`);

  if (species.markings === 'stripes') {
    const count = 5 + random.integer(3);
    for (let row = 0; row < count; row += 1) {
      const y = half * (-0.75 + (1.3 * row) / (count - 1));
      const line = [0.22, 0.4, 0.6, 0.8, 1].map((x): Point => [x, spine(x) + y * (1 - 0.4 * x)]);
      stroke(curve(line), colour(-24, 0.55), 0.7);
    }
  }
  if (species.markings === 'chevrons') {
    const count = 8 + random.integer(4);
    for (let index = 0; index < count; index += 1) {
      const x = 0.24 + (0.74 * index) / count;
      const y = spine(x);
      stroke(
        curve([
          [x, y - half],
          [x + 0.04, y - half * 0.1],
          [x - 0.01, y + half * 0.8],
        ]),
        colour(-22, random.between(0.6, 0.9)),
        random.between(1.6, 2.8),
      );
    }
  }
  if (species.markings === 'blotches') {
    for (let index = 12 + random.integer(10); index > 0; index -= 1) {
      const x = random.between(0.2, 1);
      const y = spine(x) + half * random.between(-0.9, 0.5);
      const size = random.between(1, 3);
      marks.push(
        `<ellipse cx="${x * 100}" cy="${y * 100}" rx="${size * 1.3}" ry="${size * 0.8}" fill="${colour(-16, 0.6)}"/>`,
      );
    }
  }
  if (species.markings === 'scales') {
    for (let x = 0.26; x < 0.98; x += 0.055) {
      for (let y = -half; y < half; y += 0.06) {
        const offset = (Math.round(x / 0.055) % 2) * 0.03;
        stroke(
          curve([
            [x, y + offset],
            [x + 0.025, y + offset + 0.03],
            [x, y + offset + 0.06],
          ]),
          colour(-14, 0.4),
          0.5,
        );
      }
    }
    if (random.next() < 0.4) {
      const patch = random.between(0.3, 0.7);
      marks.push(
        `<ellipse cx="${patch * 100}" cy="${half * 60}" rx="14" ry="7" fill="#fff6e8" opacity="0.7"/>`,
      );
    }
  }
  // No two animals have the same skin.
  for (let index = 30 + random.integer(30); index > 0; index -= 1) {
    const x = random.between(0.05, 1);
    const y = spine(x) + half * random.between(-1, 1);
    const [length, height] = [random.between(0.6, 5), random.between(0.4, 2.2)];
    marks.push(
      `<ellipse cx="${(x * 100).toFixed(1)}" cy="${(y * 100).toFixed(1)}" rx="${length.toFixed(1)}" ry="${height.toFixed(1)}" ` +
        `fill="${colour(random.between(-14, 12), 0.35)}"/>`,
    );
  }
  marks.push(
    `<ellipse cx="45" cy="${-half * 45}" rx="34" ry="${half * 22}" fill="#fff" opacity="${random.between(0.04, 0.2).toFixed(2)}"/>`,
  );
  return marks.join('');
}
