import sharp from 'sharp';
import { pixelsOf, told } from './decode.js';

/** A picture as pixels. */
export interface Raster {
  /** uint8 [height, width, 3], RGB */
  pixels: Uint8Array;
  width: number;
  height: number;
}

/** Decodes a picture at the size it is asked for, whatever its own. @throws GillnetError NOT_A_PHOTO */
export async function rasterOf(
  bytes: Uint8Array,
  { width, height }: { width: number; height: number },
): Promise<Raster> {
  return told(async () => {
    const { data } = await pixelsOf(sharp(bytes).resize(width, height, { fit: 'fill' }));
    return { pixels: data, width, height };
  });
}

/** The same pixels as a PNG. */
export async function pngOf({ pixels, width, height }: Raster): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
