import sharp from 'sharp';
import type { Random } from '../random.js';
import { drawFish } from './fish.js';
import type { Species } from './species.js';

/** Endings by the draw of 0…1 below which a photo gets them; all others get `webp`. */
const endings = [
  ['jpg', 0.7],
  ['JPG', 0.8],
  ['png', 0.88],
] as const;

export interface DrawnPhoto {
  bytes: Buffer;
  ending: string;
}

/** One photo of a fish: water, light, pose, scale, what stands in front, and the camera's noise. */
export async function drawPhoto(species: Species, random: Random): Promise<DrawnPhoto> {
  const width = 240 + random.integer(160);
  const height = Math.round(width * random.between(0.62, 0.9));
  const scene = svg(species, width, height, random);
  const noisy = sharp(Buffer.from(scene))
    .flatten()
    .blur(random.between(0.3, 0.9))
    .modulate({ brightness: random.between(0.75, 1.2), saturation: random.between(0.75, 1.15) });
  const { data, info } = await noisy.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const strength = random.between(2, 9);
  // Uint8ClampedArray rounds and clamps.
  const pixels = new Uint8ClampedArray(data);
  for (let index = 0; index < pixels.length; index += 1) {
    // Three uniform draws are near enough to normal for a camera.
    const noise = random.next() + random.next() + random.next() - 1.5;
    pixels[index] = (pixels[index] as number) + noise * strength;
  }
  const image = sharp(pixels, { raw: { width, height, channels: info.channels } });
  const draw = random.next();
  const ending = endings.find(([, below]) => draw < below)?.[0] ?? 'webp';
  if (ending === 'png') return { bytes: await image.png().toBuffer(), ending };
  if (ending === 'webp') return { bytes: await image.webp({ quality: 82 }).toBuffer(), ending };
  return { bytes: await image.jpeg({ quality: 70 + random.integer(25) }).toBuffer(), ending };
}

function svg(species: Species, width: number, height: number, random: Random): string {
  const hue = random.between(80, 225);
  const light = random.between(28, 66);
  const water = (lighter: number) =>
    `hsl(${hue.toFixed(0)},${random.between(18, 55).toFixed(0)}%,${(light + lighter).toFixed(0)}%)`;
  const number = (low: number, high: number) => random.between(low, high).toFixed(1);

  const length = width * random.between(0.5, 0.76);
  const centre = [width * random.between(0.42, 0.58), height * random.between(0.38, 0.62)];
  const mirror = random.next() < 0.5 ? -1 : 1;
  const pose =
    `translate(${centre.map((each) => each.toFixed(1)).join(' ')}) rotate(${number(-24, 24)}) ` +
    `scale(${(mirror * length) / 122} ${(length / 122) * random.between(0.85, 1.1)}) translate(-58 0)`;

  const rays = Array.from({ length: random.integer(5) }, () => {
    const x = random.between(0, width);
    const wide = random.between(8, 40);
    return `<path d="M${x} 0L${x + wide} 0L${x + wide * 2.4} ${height}L${x + wide} ${height}Z" fill="#fff" opacity="${number(0, 0.12)}"/>`;
  });
  const blobs = Array.from(
    { length: 4 + random.integer(8) },
    () =>
      `<ellipse cx="${number(0, width)}" cy="${number(0, height)}" rx="${number(10, 70)}" ry="${number(8, 40)}" fill="${water(random.between(-14, 14))}" opacity="0.5"/>`,
  );
  const stones = Array.from(
    { length: random.integer(7) },
    () =>
      `<ellipse cx="${number(0, width)}" cy="${number(height * 0.88, height * 1.05)}" rx="${number(10, 40)}" ry="${number(6, 20)}" fill="hsl(${number(20, 60)},${number(5, 25)}%,${number(25, 55)}%)"/>`,
  );
  const weed = Array.from({ length: random.integer(4) }, () => {
    const x = random.between(0, width);
    const top = random.between(height * 0.25, height * 0.7);
    return `<path d="M${x} ${height}Q${x + random.between(-30, 30)} ${(height + top) / 2} ${x + random.between(-25, 25)} ${top}" fill="none" stroke="hsl(${number(85, 140)},${number(30, 60)}%,${number(18, 40)}%)" stroke-width="${number(2, 7)}" stroke-linecap="round" opacity="0.9"/>`;
  });
  const bubbles = Array.from(
    { length: random.integer(12) },
    () =>
      `<circle cx="${number(0, width)}" cy="${number(0, height)}" r="${number(1, 5)}" fill="none" stroke="#fff" opacity="${number(0.2, 0.6)}"/>`,
  );

  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs><linearGradient id="water" x1="0" y1="0" x2="${number(-0.3, 0.3)}" y2="1">
      <stop offset="0" stop-color="${water(12)}"/><stop offset="1" stop-color="${water(-14)}"/>
    </linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#water)"/>
    ${blobs.join('')}${rays.join('')}${stones.join('')}
    <g transform="${pose}">${drawFish(species, random)}</g>
    ${weed.join('')}${bubbles.join('')}
  </svg>`;
}
