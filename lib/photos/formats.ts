interface Format {
  /** As people say it. */
  title: string;
  /** Of its files' names; the first is the one that is written. */
  endings: string[];
  /** Of a file's first twelve bytes, in hex. */
  signature: RegExp;
}

/** The formats that are decoded, by sharp's names. */
export const formats: Record<string, Format> = {
  jpeg: { title: 'JPEG', endings: ['jpg', 'jpeg'], signature: /^ffd8ff/ },
  png: { title: 'PNG', endings: ['png'], signature: /^89504e470d0a1a0a/ },
  webp: { title: 'WebP', endings: ['webp'], signature: /^52494646.{8}57454250/ },
  gif: { title: 'GIF', endings: ['gif'], signature: /^47494638(37|39)61/ },
  tiff: { title: 'TIFF', endings: ['tiff', 'tif'], signature: /^(49492a00|4d4d002a)/ },
};

const titles = Object.values(formats).map(({ title }) => title);
/** `JPEG, PNG or TIFF` */
export const formatsInWords = `${titles.slice(0, -1).join(', ')} or ${titles.at(-1)}`;

const endings = Object.values(formats).flatMap((format) => format.endings);
const photoEnding = new RegExp(`\\.(${endings.join('|')})$`, 'i');

/** True for a key or path that names a photo: a known ending, and not hidden (`.DS_Store`, `._x.jpg`). */
export function isPhotoName(key: string): boolean {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return photoEnding.test(name) && !name.startsWith('.');
}
