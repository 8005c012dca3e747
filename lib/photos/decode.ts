import sharp, { type Sharp } from 'sharp';
import { GillnetError, messageOf } from '../errors.js';
import { bilinear } from './bilinear.js';
import { formats } from './formats.js';
import { type Resize, resizes } from './resizes.js';

// Photos are decoded side by side by their callers; libvips' own threads and cache would only take
// processors and memory from training.
sharp.concurrency(1);
sharp.cache(false);

/** What a photo's own header says. */
export interface PhotoFacts {
  /** Pixels, after EXIF orientation. */
  width: number;
  height: number;
  /** A name of `formats`. */
  format: string;
}

/** Large enough to decode every byte, small enough to cost little more than that. */
const probeEdge = 16;

/** Reads all of a photo to see that it is whole. @throws GillnetError NOT_A_PHOTO */
export async function inspect(bytes: Uint8Array): Promise<PhotoFacts> {
  return told(async () => {
    const facts = await headerOf(bytes);
    await sharp(bytes).resize(probeEdge, probeEdge, { fit: 'fill' }).raw().toBuffer();
    return facts;
  });
}

/** What the header says, of a photo that may be cut off behind it. @throws Error for another format */
export async function headerOf(bytes: Uint8Array): Promise<PhotoFacts> {
  const { format, autoOrient } = await sharp(bytes).metadata();
  if (!Object.hasOwn(formats, format)) throw new Error(`the format is ${format}`);
  return { width: autoOrient.width, height: autoOrient.height, format };
}

/**
 * Decodes a photo (of an animation the first frame): alpha dropped, 8-bit sRGB, the whole photo resized to a square.
 * @returns uint8 [size, size, 3], RGB
 * @throws GillnetError NOT_A_PHOTO
 */
export async function decode(
  bytes: Uint8Array,
  size: number,
  resize: Resize = resizes.own,
): Promise<Uint8Array> {
  return told(async () => {
    if (resize === resizes.pillow) {
      const { data, info } = await pixelsOf(sharp(bytes, { ignoreIcc: true }));
      return bilinear(data, info, size);
    }
    const { data, info } = await (await asSeen(bytes))
      .resize(size, size, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`it has ${info.channels} channels after decoding`);
    return data;
  });
}

/** A photo as people see it, to go on with: EXIF orientation applied, alpha dropped, sRGB. */
export async function asSeen(bytes: Uint8Array): Promise<Sharp> {
  return (await withoutAlpha(bytes)).autoOrient().toColourspace('srgb');
}

/** sharp multiplies by alpha when it resizes, whatever follows; PIL's convert('RGB') just drops it. */
async function withoutAlpha(bytes: Uint8Array): Promise<Sharp> {
  const image = sharp(bytes);
  if (!(await image.metadata()).hasAlpha) return image;
  const { data, info } = await fullPixels(bytes);
  const { width, height, channels } = info;
  return sharp(data, { raw: { width, height, channels } });
}

/** All of a photo's pixels as people see them: uint8 [height, width, 3], RGB. */
export async function fullPixels(bytes: Uint8Array) {
  return pixelsOf(sharp(bytes).autoOrient());
}

/** uint8 [height, width, 3], RGB. */
export function pixelsOf(image: Sharp) {
  return image
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
}

/** What sharp does with a photo's bytes. @throws GillnetError NOT_A_PHOTO with the reason that libvips gives */
export async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    // libvips explains itself over several lines, of which the first that is not about our setting tells enough.
    const lines = messageOf(cause).trim().split('\n');
    const reason = lines.find((line) => !line.includes('failOn')) ?? 'it is damaged or cut off';
    throw new GillnetError('NOT_A_PHOTO', `Not a photo that can be decoded: ${reason}`, { cause });
  }
}
