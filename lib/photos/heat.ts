import sharp, { type Sharp } from 'sharp';
import { asSeen, told } from './decode.js';
import { thumbnailQuality } from './thumbnail.js';

/** What speaks for a class, by place: float32 [rows, columns], 0 or above, over a whole photo. */
export interface ActivationMap {
  values: Float32Array;
  rows: number;
  columns: number;
}

/** A larger photo would show no more of a map that has 7 × 7 places. */
const longestEdge = 1024;
/** How much of the photo the strongest place covers. */
const strongest = 0.65;

/** Red, green and blue, 0…255. */
type Colour = [number, number, number];

/** From weak to strong, as a glowing body: also told apart in grey. */
const ramp: Colour[] = [
  [0, 0, 60],
  [120, 0, 110],
  [220, 50, 40],
  [255, 150, 0],
  [255, 240, 120],
];

/**
 * A photo with a map over it, relative to the map's own highest value: the warmer, the more that place speaks
 * for the class. What says nothing stays as it is.
 * @returns a PNG, EXIF orientation applied, its longer edge 1024 pixels at most
 * @throws GillnetError NOT_A_PHOTO
 */
export async function heatOver(bytes: Uint8Array, map: ActivationMap): Promise<Buffer> {
  return told(async () => (await heated(bytes, map)).png().toBuffer());
}

/** The same over a thumbnail, of its size. @returns a WebP @throws GillnetError NOT_A_PHOTO */
export async function heatOverThumbnail(bytes: Uint8Array, map: ActivationMap): Promise<Buffer> {
  return told(async () =>
    (await heated(bytes, map)).webp({ quality: thumbnailQuality }).toBuffer(),
  );
}

async function heated(bytes: Uint8Array, map: ActivationMap): Promise<Sharp> {
  const { data, info } = await (await asSeen(bytes))
    .resize(longestEdge, longestEdge, { fit: 'inside', withoutEnlargement: true })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const heat = await spread(map, width, height);
  for (let at = 0; at < heat.length; at += 1) blend(data, 3 * at, heat[at] as number);
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** The longer edge of a map by itself, in pixels: it has few places, and grows well. */
const overlayEdge = 256;

/**
 * The map by itself, to be laid over a photo of this size: its colours, transparent where it says nothing.
 * @returns a PNG, its longer edge 256 pixels at most
 */
export async function heatOverlay(
  map: ActivationMap,
  photo: { width: number; height: number },
): Promise<{ png: Buffer; width: number; height: number }> {
  const scale = Math.min(1, overlayEdge / Math.max(photo.width, photo.height));
  const [width, height] = [photo.width, photo.height].map((edge) =>
    Math.max(1, Math.round(scale * edge)),
  ) as [number, number];
  const heat = await spread(map, width, height);
  const pixels = new Uint8Array(4 * heat.length);
  for (let at = 0; at < heat.length; at += 1) {
    const level = heat[at] as number;
    pixels.set(colours[level] as Colour, 4 * at);
    pixels[4 * at + 3] = 255 * strongest * (level / 255);
  }
  const png = await sharp(pixels, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
  return { png, width, height };
}

/** The map over all of the photo's pixels, smoothly: uint8 [height, width], 255 at its highest. */
async function spread(
  { values, rows, columns }: ActivationMap,
  width: number,
  height: number,
): Promise<Uint8Array> {
  const highest = values.reduce((a, b) => Math.max(a, b), 0);
  const places = Uint8Array.from(values, (value) =>
    highest > 0 ? Math.round((255 * value) / highest) : 0,
  );
  return sharp(places, { raw: { width: columns, height: rows, channels: 1 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .extractChannel(0)
    .raw()
    .toBuffer();
}

/** @param level 0…255 */
function blend(pixels: Uint8Array, at: number, level: number): void {
  const cover = strongest * (level / 255);
  const colour = colours[level] as Colour;
  for (let channel = 0; channel < 3; channel += 1) {
    const under = pixels[at + channel] as number;
    pixels[at + channel] = (1 - cover) * under + cover * (colour[channel] as number);
  }
}

/** @param heat 0…1 */
function colourOf(heat: number): Colour {
  const place = heat * (ramp.length - 1);
  const below = Math.min(ramp.length - 2, Math.floor(place));
  const [from, to] = ramp.slice(below) as [Colour, Colour];
  const between = (channel: 0 | 1 | 2) =>
    from[channel] + (to[channel] - from[channel]) * (place - below);
  return [between(0), between(1), between(2)];
}

/** Of each level, 0…255. */
const colours = Array.from({ length: 256 }, (_, level) => colourOf(level / 255));
