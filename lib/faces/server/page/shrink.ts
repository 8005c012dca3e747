import type { ModelFacts } from '../schemas.js';

/** What the server decodes. */
const types = ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/tiff'];
/** Bytes of a form around its photo, at most. */
const around = 4096;
/** Pixels of the longer edge of a photo that has to shrink, tried by halves: as much as a network sees, or more. */
const [largest, smallest] = [2048, 256];

/** The photo as it is where the server takes it, else a smaller JPEG of it. @throws Error with what to tell a person */
export async function shrunk(photo: File, { bytes, pixels }: ModelFacts['limits']): Promise<File> {
  const bitmap = await createImageBitmap(photo).catch(() => null);
  const isSmall = photo.size + around <= bytes;
  const isTaken = isSmall && types.includes(photo.type);
  if (bitmap === null) {
    // The server tells what is wrong with it, where it can have it.
    if (isTaken || (isSmall && photo.type === '')) return photo;
    throw new Error(
      isSmall
        ? 'This browser can’t read it. Give it as JPEG or PNG.'
        : 'It is too large for the server, and this browser can’t make it smaller. Give a smaller JPEG or PNG.',
    );
  }
  if (isTaken && bitmap.width * bitmap.height <= pixels) {
    bitmap.close();
    return photo;
  }
  const first = Math.min(largest, Math.floor(Math.sqrt(pixels)));
  let blob = await jpegOf(bitmap, first);
  for (let edge = first / 2; blob.size + around > bytes && edge >= smallest; edge /= 2) {
    blob = await jpegOf(bitmap, edge);
  }
  bitmap.close();
  return new File([blob], photo.name.replace(/(\.\w+)?$/, '.jpg'), { type: 'image/jpeg' });
}

/** @param edge pixels of the longer edge, at most */
async function jpegOf(bitmap: ImageBitmap, edge: number): Promise<Blob> {
  const scale = Math.min(1, edge / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) =>
    canvas.toBlob(resolve, 'image/jpeg', 0.92),
  );
  if (blob === null) throw new Error('This browser can’t make it smaller. Give a smaller one.');
  return blob;
}
