import { createHash } from 'node:crypto';
import { asSeen, fullPixels, told } from '../photos/decode.js';
import type { Grey } from './grey.js';

/**
 * Decodes a photo (of an animation the first frame) as people see it, in grey, so that its longer edge
 * has `edge` pixels. @throws GillnetError NOT_A_PHOTO
 */
export async function greyOf(bytes: Uint8Array, edge: number): Promise<Grey> {
  return told(async () => {
    const { data, info } = await (await asSeen(bytes))
      .resize(edge, edge, { fit: 'inside', kernel: 'linear' })
      .greyscale()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const values = new Float32Array(width * height);
    for (let i = 0; i < values.length; i += 1) values[i] = data[i * channels] as number;
    return { values, width, height };
  });
}

/**
 * SHA-256 of a photo's size and its pixels at full size, EXIF orientation applied, alpha dropped, 8-bit sRGB: equal for files
 * that differ in nothing but metadata or lossless compression. Lower-case hex.
 * @throws GillnetError NOT_A_PHOTO
 */
export async function pixelHash(bytes: Uint8Array): Promise<string> {
  return told(async () => {
    const { data, info } = await fullPixels(bytes);
    return createHash('sha256').update(`${info.width} ${info.height}\n`).update(data).digest('hex');
  });
}
