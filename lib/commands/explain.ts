import path from 'node:path';
import type { Settings } from '../config.js';
import { ioError } from '../errors.js';
import { makeFolder, replaceFile } from '../files.js';
import type { GillnetEvent } from '../pipeline/events.js';
import { explain as explainPhotos } from '../pipeline/explain.js';
import type { Context } from './drive.js';
import { readPhotoFile } from './photo-file.js';
import { withModel } from './with-model.js';

/** Writes what the model has looked at in each file, as `<name>.explained.png` in the folder of `--out`. */
export function explain(
  settings: Settings,
  context: Context,
  ...files: string[]
): AsyncGenerator<GillnetEvent> {
  return withModel(settings, context, async function* (classifier) {
    yield* explainPhotos({
      classifier,
      photos: files.map((name) => ({ name, bytes: () => readPhotoFile(name) })),
      label: settings.label,
      keep: keeping(settings.out ?? '.'),
      signal: context.signal,
    });
    context.signal.throwIfAborted();
  });
}

/** Writes pictures into a folder, those of photos with one name under different ones. @throws GillnetError IO */
function keeping(folder: string) {
  const written = new Set<string>();
  return async (photo: string, picture: Buffer): Promise<string> => {
    const { name } = path.parse(photo);
    let unique = name;
    for (let count = 2; written.has(unique); count += 1) unique = `${name}-${count}`;
    written.add(unique);
    const file = path.join(folder, `${unique}.explained.png`);
    try {
      await makeFolder(folder);
      await replaceFile(file, picture);
      return file;
    } catch (cause) {
      throw ioError(`write ${file}`, cause, 'Name another folder with --out.');
    }
  };
}
