import type { Settings } from '../config.js';
import { Classifier, setThreads } from '../model/classifier.js';
import type { ModelDescription } from '../model/model-file.js';
import type { GillnetEvent } from '../pipeline/events.js';
import { deviceToPredict } from './computing.js';
import type { Context } from './drive.js';
import { modelAt } from './models/model-at.js';

/**
 * Runs `work` with the model of `--model`, or the newest, and disposes of it afterwards.
 * @param work gets its name, too
 * @param begin begins what can be done while the model's network is made
 */
export async function* withModel<R>(
  settings: Settings,
  context: Context,
  work: (classifier: Classifier, name: string) => AsyncGenerator<GillnetEvent, R>,
  begin: (description: ModelDescription) => Promise<void> = async () => {},
): AsyncGenerator<GillnetEvent, R> {
  const model = await modelAt(settings, context);
  await begin(model.description);
  setThreads(settings.threads);
  const { device } = await deviceToPredict(settings);
  const classifier = await Classifier.of(model, { int8: settings.int8, device });
  try {
    return yield* work(classifier, model.name);
  } finally {
    classifier.dispose();
  }
}
