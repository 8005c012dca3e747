import sharp, { type Sharp } from 'sharp';
import type { Random } from '../lib/random.js';

/** A change that leaves a photo the same photo. */
export type Change = (photo: Buffer, draws: Random) => Promise<Buffer>;

interface Size {
  width: number;
  height: number;
}

async function jpeg(image: Sharp, quality = 90): Promise<Buffer> {
  return image.jpeg({ quality }).toBuffer();
}

async function sizeOf(photo: Buffer): Promise<Size> {
  const { width, height } = await sharp(photo).metadata();
  return { width, height };
}

function resize(low: number, high: number): Change {
  return async (photo, draws) => {
    const { width } = await sizeOf(photo);
    const scale = low * (high / low) ** draws.next();
    return jpeg(sharp(photo).resize(Math.max(16, Math.round(width * scale))));
  };
}

function crop(area: number, aspect: boolean): Change {
  return async (photo, draws) => {
    const { width, height } = await sizeOf(photo);
    const stretch = aspect ? draws.between(Math.sqrt(area), 1 / Math.sqrt(area)) : 1;
    const inner = {
      width: Math.max(1, Math.min(width, Math.round(width * Math.sqrt(area) * stretch))),
      height: Math.max(1, Math.min(height, Math.round((height * Math.sqrt(area)) / stretch))),
    };
    const left = draws.integer(width - inner.width + 1);
    const top = draws.integer(height - inner.height + 1);
    return jpeg(sharp(photo).extract({ left, top, ...inner }));
  };
}

function zoom(area: number): Change {
  const cut = crop(area, false);
  return async (photo, draws) => {
    const { width, height } = await sizeOf(photo);
    return jpeg(sharp(await cut(photo, draws)).resize(width, height, { fit: 'fill' }));
  };
}

function rotate(degrees: (draws: Random) => number): Change {
  return async (photo, draws) =>
    jpeg(sharp(photo).rotate(degrees(draws), { background: { r: 0, g: 0, b: 0 } }));
}

const frame: Change = async (photo, draws) => {
  const { width, height } = await sizeOf(photo);
  const level = draws.pick([0, 0, 128, 255]);
  const background = { r: level, g: level, b: level };
  const across = Math.round(width * draws.between(0, 0.25));
  const along = Math.round(height * draws.between(0.02, 0.25));
  const sides = draws.pick([
    { top: along, bottom: along, left: 0, right: 0 },
    { top: 0, bottom: 0, left: across + 2, right: across + 2 },
    { top: along, bottom: along, left: across, right: across },
  ]);
  return jpeg(sharp(photo).extend({ ...sides, background }));
};

const colour: Change = async (photo, draws) =>
  jpeg(
    sharp(photo)
      .modulate({
        brightness: draws.between(0.8, 1.25),
        saturation: draws.between(0.6, 1.5),
        hue: draws.integer(30),
      })
      .linear(draws.between(0.85, 1.15), draws.between(-15, 15)),
  );

/** Text over the photo, or a bar of text below the middle. */
function write(text: string, opacity: number, bar: boolean): Change {
  return async (photo) => {
    const { width, height } = await sizeOf(photo);
    const size = Math.max(5, Math.round(bar ? Math.min(width / 18, height / 12) : width / 9));
    const top = bar ? height - 2 * size : height / 2;
    const svg =
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
      (bar ? `<rect x="0" y="${top}" width="${width}" height="${2 * size}" fill="black"/>` : '') +
      `<text x="${width * 0.08}" y="${top + 1.3 * size}" font-size="${size}" font-family="sans-serif" ` +
      `font-weight="bold" fill="white" stroke="black" stroke-width="${bar ? 0 : size / 40}" ` +
      `opacity="${opacity}">${text}</text></svg>`;
    return jpeg(sharp(photo).composite([{ input: Buffer.from(svg) }]));
  };
}

/** Every kind of change, by its name. */
export const changes: Record<string, Change> = {
  'resize 0.3-0.6': resize(0.3, 0.6),
  'resize 0.6-3': resize(0.6, 3),
  'JPEG 30': (photo) => jpeg(sharp(photo), 30),
  'crop 85 %': crop(0.85, true),
  border: frame,
  colour,
  greyscale: (photo) => jpeg(sharp(photo).greyscale()),
  mirror: (photo) => jpeg(sharp(photo).flop()),
  'rotate 90/180/270': rotate((draws) => 90 * (1 + draws.integer(3))),
  'rotate 2-10°': rotate((draws) => draws.pick([-1, 1]) * draws.between(2, 10)),
  'rotate any': rotate((draws) => draws.between(0, 360)),
  watermark: write('© example photos', 0.6, false),
  caption: write('Caught at the river, 12 May', 1, true),
  'zoom 60-85 %': async (photo, draws) => zoom(draws.between(0.6, 0.85))(photo, draws),
  'zoom 40-60 %': async (photo, draws) => zoom(draws.between(0.4, 0.6))(photo, draws),
};
