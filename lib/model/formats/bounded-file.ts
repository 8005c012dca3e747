import { stat } from 'node:fs/promises';
import { GillnetError } from '../../errors.js';
import { readWhole } from '../../files.js';

/** Of bytes: what Node reads into one buffer. Adam's checkpoint of a ResNet-50 takes 0.3 GB. */
const longest = 2 ** 31 - 1;

/**
 * A whole file, once its kind and length have been looked at: a pipe would never end, and a long one fill the memory.
 * @param unreadable what to tell of one that can't be read @throws GillnetError BAD_MODEL_FILE, NOT_FOUND
 */
export async function readBounded(
  file: string,
  unreadable: (cause: NodeJS.ErrnoException) => string,
): Promise<Buffer> {
  const refuse = (cause: NodeJS.ErrnoException) => {
    throw new GillnetError('NOT_FOUND', unreadable(cause), { cause });
  };
  const found = await stat(file).catch(refuse);
  if (!found.isFile() && !found.isDirectory()) {
    throw new GillnetError('BAD_MODEL_FILE', `${file} is a pipe or a device. Expected a file.`);
  }
  requireBounded(file, found.size);
  return readWhole(file).catch(refuse);
}

/** @throws GillnetError BAD_MODEL_FILE for more bytes than one buffer holds */
export function requireBounded(file: string, bytes: number): void {
  if (bytes <= longest) return;
  throw new GillnetError(
    'BAD_MODEL_FILE',
    `${file} takes ${(bytes / 2 ** 30).toFixed(1)} GiB, and no more than 2 GiB are read. Give the state_dict ` +
      'alone: torch.save(model.state_dict(), file).',
  );
}
