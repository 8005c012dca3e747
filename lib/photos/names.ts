/** Endings of the formats that are decoded; case does not matter. */
const photoEnding = /\.(jpe?g|png|webp|gif|tiff?)$/i;

/** True for a key or path that names a photo: a known ending, and not hidden (`.DS_Store`, `._x.jpg`). */
export function isPhotoName(key: string): boolean {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return photoEnding.test(name) && !name.startsWith('.');
}
