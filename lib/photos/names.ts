import { formats } from './formats.js';

const endings = Object.values(formats).flatMap((format) => format.endings);
const photoEnding = new RegExp(`\\.(${endings.join('|')})$`, 'i');

/** True for a key or path that names a photo: a known ending, and not hidden (`.DS_Store`, `._x.jpg`). */
export function isPhotoName(key: string): boolean {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return photoEnding.test(name) && !name.startsWith('.');
}
