import { readFile } from 'node:fs/promises';
import { GillnetError } from '../errors.js';

/** A photo that a person has named. @throws GillnetError NOT_FOUND, NOT_A_PHOTO for a folder */
export function readPhotoFile(file: string): Promise<Buffer> {
  return readFile(file).catch((cause) => {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EISDIR') {
      throw new GillnetError('NOT_A_PHOTO', 'It is a directory; name the photos in it.', { cause });
    }
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    const message = isMissing ? 'There is no such file.' : `It can't be read (${code}).`;
    throw new GillnetError('NOT_FOUND', message, { cause });
  });
}
