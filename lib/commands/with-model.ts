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
export async function* withModel(
  settings: Settings,
  context: Context,
  work: (classifier: Classifier, name: string) => AsyncGenerator<GillnetEvent, void>,
  begin: (description: ModelDescription) => Promise<void> = async () => {},
): AsyncGenerator<GillnetEvent, void> {
  const model = await modelAt(settings, context);
  await begin(model.description);
  setThreads(settings.threads);
  const { device } = await deviceToPredict(settings.device);
  const classifier = await Classifier.of(model, { int8: settings.int8, device });
  try {
    yield* work(classifier, model.name);
  } finally {
    classifier.dispose();
  }
}
