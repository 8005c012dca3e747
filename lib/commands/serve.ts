import { readFile } from 'node:fs/promises';
import { GillnetError, messageOf } from '../errors.js';
import { ApiKeys } from '../faces/server/keys.js';
import { Metrics } from '../faces/server/metrics.js';
import { openServer, type RunningServer, type ServerOptions } from '../faces/server/server.js';
import { Inbox } from '../inbox.js';
import { setThreads } from '../model/classifier.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import type { Caller } from '../server.js';
import { Feedback } from '../serving/feedback.js';
import type { Limits } from '../serving/limits.js';
import { Predictor } from '../serving/predictor.js';
import { ServedModel } from '../serving/served-model.js';
import type { ServingSettings } from '../serving-flags.js';
import { openStore } from '../store/open.js';
import type { Store } from '../store/store.js';
import type { Stages } from './drive.js';
import { modelSource } from './serving/model-source.js';

/** Answers photos over HTTP until it is stopped, and then those that are under way. */
export const serve: Stages = async function* (given, { signal, warn }) {
  const settings = given as ServingSettings;
  const { int8 = false, shadow } = settings;
  const limits = limitsOf(settings);
  const keys = await keysOf(settings.apiKeys);
  const happened = new Inbox<GillnetEvent>();
  const metrics = new Metrics();
  setThreads(settings.threads);
  const serving = async (name: string | undefined) =>
    ServedModel.start({
      source: await modelSource(settings, name, { signal, warn }),
      ...{ int8, batch: limits.batch, observer: metrics, interval: settings.interval },
      tell: (told) => happened.put(told),
    });
  const began = performance.now();
  const served = await serving(settings.model);
  const shadowed = shadow === undefined ? null : await serving(shadow);
  const predictor = new Predictor(served, { limits, observer: metrics, shadow: shadowed });
  metrics.watch(predictor);
  // Not the command's signal: what is under way when it ends is still kept.
  const ended = new AbortController();
  const feedback =
    settings.feedback === undefined
      ? null
      : new Feedback(
          await preparedStore(settings.feedback, { signal: ended.signal, warn }),
          limits,
          warn,
        );
  const server = await listening(
    {
      predictor,
      metrics,
      int8,
      feedback,
      keys,
      cors: settings.cors ?? [],
      tell: (told) => happened.put(told),
    },
    settings,
  );
  const { name: model, sha256 } = served.current;
  const beside = shadowed?.current.name ?? null;
  yield event('serving', { address: server.address, model, sha256, int8, shadow: beside });
  for (; !signal.aborted; await happened.more(signal)) yield* taken(happened);

  yield event('draining', { photos: predictor.waiting });
  await server.drain(limits.seconds);
  ended.abort();
  await Promise.all([served.end(), shadowed?.end()]);
  yield* taken(happened);
  yield event('stopped', {
    requests: server.requests,
    seconds: (performance.now() - began) / 1000,
    interrupted: signal.reason?.cause === 'SIGINT',
  });
};

/** @throws GillnetError where it can't be written */
async function preparedStore(location: string, caller: Caller): Promise<Store> {
  const store = await openStore(location, caller);
  await store.prepare();
  return store;
}

function* taken(inbox: Inbox<GillnetEvent>): Generator<GillnetEvent> {
  for (let told = inbox.take(); told; told = inbox.take()) yield told;
}

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

/** @throws GillnetError USAGE, NOT_FOUND */
async function keysOf(file: string | undefined): Promise<ApiKeys | null> {
  const variable = process.env.GILLNET_API_KEYS;
  if (file === undefined) {
    return variable === undefined
      ? null
      : new ApiKeys(parted(variable, /[\s,]+/), 'GILLNET_API_KEYS');
  }
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new GillnetError('NOT_FOUND', `--api-keys can't be read: ${messageOf(cause)}.`, {
      cause,
    });
  });
  return new ApiKeys(parted(text, /\s+/), file);
}

function parted(text: string, by: RegExp): string[] {
  return text.split(by).filter(Boolean);
}

/** @throws GillnetError USAGE where it can't listen there */
async function listening(
  options: ServerOptions,
  { host, port }: Pick<ServingSettings, 'host' | 'port'>,
): Promise<RunningServer> {
  try {
    return await openServer(options, { host, port });
  } catch (cause) {
    throw new GillnetError(
      'USAGE',
      `Can't listen at ${host}, port ${port}: ${messageOf(cause)}. Give another with --host and --port.`,
      { cause },
    );
  }
}
