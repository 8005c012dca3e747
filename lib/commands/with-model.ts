import type { Settings } from '../config.js';
import { Classifier, setThreads } from '../model/classifier.js';
import type { GillnetEvent } from '../pipeline/events.js';
import type { Context } from './drive.js';
import { modelAt } from './models/model-at.js';

/** Runs `work` with the model of `--model`, or the newest, and disposes of it afterwards. @param work gets its name, too */
export async function* withModel<R>(
  settings: Settings,
  context: Context,
  work: (classifier: Classifier, name: string) => AsyncGenerator<GillnetEvent, R>,
): AsyncGenerator<GillnetEvent, R> {
  const model = await modelAt(settings, context);
  setThreads(settings.threads);
  const classifier = await Classifier.of(model);
  try {
    return yield* work(classifier, model.name);
  } finally {
    classifier.dispose();
  }
}
