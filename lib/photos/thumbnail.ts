import { asSeen, told } from './decode.js';

/** Edge of the square that a thumbnail fits into, in pixels. */
export const thumbnailEdge = 160;
/** Of its WebP, 0…100. */
export const thumbnailQuality = 60;

/**
 * A small picture of a photo as people see it: EXIF orientation applied, aspect ratio kept, alpha dropped.
 * @returns a WebP
 * @throws GillnetError NOT_A_PHOTO
 */
export async function thumbnail(bytes: Uint8Array): Promise<Buffer> {
  return told(async () =>
    (await asSeen(bytes))
      .resize(thumbnailEdge, thumbnailEdge, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: thumbnailQuality })
      .toBuffer(),
  );
}
