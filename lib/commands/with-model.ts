import type { Settings } from '../config.js';
import { Classifier, setThreads } from '../model/classifier.js';
import { readModel } from '../model/registry.js';
import type { GillnetEvent } from '../pipeline/events.js';
import type { Context } from './drive.js';
import { storeAt } from './store-at.js';

/** Runs `work` with the model of `--model`, or the newest, and disposes of it afterwards. @param work gets its name, too */
export async function* withModel<R>(
  settings: Settings,
  context: Context,
  work: (classifier: Classifier, name: string) => AsyncGenerator<GillnetEvent, R>,
): AsyncGenerator<GillnetEvent, R> {
  const models = await storeAt(settings.models, settings, context);
  const model = await readModel(models, settings.model);
  setThreads(settings.threads);
  const classifier = await Classifier.of(model);
  try {
    return yield* work(classifier, model.name);
  } finally {
    classifier.dispose();
  }
}
