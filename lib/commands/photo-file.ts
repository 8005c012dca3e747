import { readFile, stat } from 'node:fs/promises';
import { GillnetError } from '../errors.js';

/** A photo that a person has named. @throws GillnetError NOT_FOUND, NOT_A_PHOTO for a folder */
export async function readPhotoFile(file: string): Promise<Buffer> {
  try {
    if ((await stat(file)).isDirectory()) {
      throw new GillnetError('NOT_A_PHOTO', 'It is a directory; name the photos in it.');
    }
    return await readFile(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new GillnetError('NOT_FOUND', 'There is no such file.', { cause });
    }
    if (cause instanceof GillnetError) throw cause;
    throw new GillnetError('NOT_FOUND', `It can't be read (${code}).`, { cause });
  }
}
