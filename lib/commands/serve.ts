import { defaults } from '../config.js';
import { GillnetError } from '../errors.js';
import { Metrics } from '../faces/server/metrics.js';
import { Inbox } from '../inbox.js';
import { setThreads } from '../model/classifier.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import { Feedback } from '../serving/feedback.js';
import type { Limits } from '../serving/limits.js';
import { Predictor } from '../serving/predictor.js';
import { type ModelSource, ServedModel } from '../serving/served-model.js';
import type { ServingSettings } from '../serving-flags.js';
import { openStore } from '../store/open.js';
import { deviceToPredict } from './computing.js';
import type { Stages } from './drive.js';
import { keysOf, listening } from './serving/listening.js';
import { modelSource } from './serving/model-source.js';
import { untilThereIsAModel } from './serving/showing.js';

/** Answers photos over HTTP until it is stopped, and then those that are under way. */
export const serve: Stages = async function* (given, { signal, warn }) {
  const settings = given as ServingSettings;
  const { int8 = false, shadow, shownRuns, interval } = settings;
  const limits = limitsOf(settings);
  const keys = await keysOf(settings.apiKeys);
  const happened = new Inbox<GillnetEvent>();
  const tell = (told: GillnetEvent) => happened.put(told);
  const metrics = new Metrics();
  setThreads(settings.threads);
  const { device } = await deviceToPredict(settings.device);
  const runs = shownRuns === true ? (process.env.GILLNET_RUNS ?? defaults.runs) : shownRuns;
  const sourceOf = (name: string | undefined) => modelSource(settings, name, { signal, warn });
  const serving = (source: ModelSource, shadow: boolean) =>
    ServedModel.start({
      ...{ source, shadow, int8, device, observer: metrics },
      ...{ batch: limits.batch, interval, tell },
    });
  const began = performance.now();
  const stopped = (requests: number) =>
    event('stopped', {
      requests,
      seconds: (performance.now() - began) / 1000,
      interrupted: signal.reason?.cause === 'SIGINT',
    });
  const source = await sourceOf(settings.model);
  let { port } = settings;
  let before = 0;
  if (runs !== undefined) {
    const toCome = { source, settings, runs, keys, happened, signal };
    ({ port, requests: before } = yield* untilThereIsAModel(toCome));
    if (signal.aborted) return yield stopped(before);
  }
  const served = await serving(source, false);
  const shadowed = shadow === undefined ? null : await serving(await sourceOf(shadow), true);
  const predictor = new Predictor(served, { limits, observer: metrics, shadow: shadowed });
  metrics.watch(predictor);
  // Not the command's signal: what is under way when it ends is still kept.
  const ended = new AbortController();
  let feedback: Feedback | null = null;
  if (settings.feedback !== undefined) {
    const store = await openStore(settings.feedback, { signal: ended.signal, warn });
    await store.prepare();
    feedback = new Feedback(store, limits, warn);
  }
  const server = await listening(
    {
      ...{ predictor, metrics, int8, feedback, keys, tell, cors: settings.cors ?? [] },
      ...(runs !== undefined && { runs }),
    },
    { host: settings.host, port },
  );
  const { name: model, sha256 } = served.current;
  const beside = shadowed?.current.name ?? null;
  yield event('serving', { address: server.address, model, sha256, int8, shadow: beside });
  if (runs !== undefined) yield event('shown', { url: `${server.address}/runs` });
  for (; !signal.aborted; await happened.more(signal)) yield* happened.all();

  yield event('draining', { photos: predictor.waiting });
  await server.drain(limits.seconds);
  ended.abort();
  await Promise.all([served.end(), shadowed?.end()]);
  yield* happened.all();
  yield stopped(before + server.requests);
};

/** As many bodies of the largest size at once as a queue of moderate length holds. */
const bodiesHeld = 8;

function limitsOf(settings: ServingSettings): Limits {
  const { maxBytes, maxPixels, maxPhotos, maxQueue, maxBatch, timeLimit } = settings;
  if (maxPhotos > maxQueue) {
    throw new GillnetError(
      'USAGE',
      `A request of ${maxPhotos} photos could never be taken where ${maxQueue} may wait. Give a --max-queue of --max-photos or more.`,
    );
  }
  return {
    ...{ requestBytes: maxBytes, heldBytes: bodiesHeld * maxBytes, photoPixels: maxPixels },
    ...{ requestPhotos: maxPhotos, queue: maxQueue, batch: maxBatch, seconds: timeLimit },
  };
}
