import path from 'node:path';
import { GillnetError, messageOf } from '../errors.js';
import { makeFolder, replaceFile } from '../files.js';
import { Classifier, setThreads } from '../model/classifier.js';
import { readModel } from '../model/registry.js';
import { explain as explainPhotos } from '../pipeline/explain.js';
import type { Stages } from './drive.js';
import { readPhotoFile } from './photo-file.js';
import { storeAt } from './store-at.js';

/** Writes what the model has looked at in each file, as `<name>.explained.png` in the folder of `--out`. */
export function explain(files: string[]): Stages {
  return async function* (settings, context) {
    const models = await storeAt(settings.models, settings, context);
    const model = await readModel(models, settings.model);
    setThreads(settings.threads);
    const classifier = await Classifier.of(model);
    try {
      yield* explainPhotos({
        classifier,
        photos: files.map((name) => ({ name, bytes: () => readPhotoFile(name) })),
        label: settings.label,
        keep: keeping(settings.out ?? '.'),
        signal: context.signal,
      });
    } finally {
      classifier.dispose();
    }
  };
}

/** Writes pictures into a folder, those of photos with one name under different ones. @throws GillnetError IO */
function keeping(folder: string) {
  const counts = new Map<string, number>();
  return async (photo: string, picture: Buffer): Promise<string> => {
    const { name } = path.parse(photo);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const file = path.join(folder, `${name}${count > 1 ? `-${count}` : ''}.explained.png`);
    try {
      await makeFolder(folder);
      await replaceFile(file, picture);
      return file;
    } catch (cause) {
      const reason = `Can't write ${file}: ${messageOf(cause)}.`;
      throw new GillnetError('IO', `${reason} Name another folder with --out.`, { cause });
    }
  };
}
