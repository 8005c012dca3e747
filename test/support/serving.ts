import sharp from 'sharp';
import { modelSource } from '../../lib/commands/serving/model-source.js';
import { ApiKeys } from '../../lib/faces/server/keys.js';
import { Metrics } from '../../lib/faces/server/metrics.js';
import { openServer } from '../../lib/faces/server/server.js';
import { Classifier } from '../../lib/model/classifier.js';
import { encodeModel, type ModelDescription } from '../../lib/model/model-file.js';
import { publish } from '../../lib/model/registry.js';
import { promote } from '../../lib/model/stages.js';
import { event, type GillnetEvent } from '../../lib/pipeline/events.js';
import { random } from '../../lib/random.js';
import type { Warn } from '../../lib/server.js';
import { Feedback } from '../../lib/serving/feedback.js';
import { defaultLimits, type Limits } from '../../lib/serving/limits.js';
import type { Observer } from '../../lib/serving/observer.js';
import { Predictor } from '../../lib/serving/predictor.js';
import { ServedModel } from '../../lib/serving/served-model.js';
import { sha256Of } from '../../lib/sha256.js';
import { openStore } from '../../lib/store/open.js';
import type { Store } from '../../lib/store/store.js';
import { type Program, running, startGillnet } from './command.js';
import { descriptionWith } from './models.js';
import { temporaryFolder } from './suite.js';

export const size = 64;
export const classes = ['cat', 'dog', 'fish'];

/** A whole model of random weights, other ones for each seed. */
export async function randomModel(
  seed: number,
  changes: Partial<ModelDescription> = {},
): Promise<Buffer> {
  const classifier = new Classifier({ classes, imageSize: size, seed });
  const description = descriptionWith({ classes, imageSize: size, ...changes });
  const bytes = encodeModel({ description, state: await classifier.state() });
  classifier.dispose();
  return bytes;
}

/** A folder of models, see `published`. */
export async function modelsOf(...files: Buffer[]) {
  const folder = temporaryFolder();
  const store = await openStore(folder);
  return { folder, store, ...(await published(store, files)) };
}

/** Puts models into a store, named by the days of January, of which others can be promoted. */
export async function published(store: Store, files: Buffer[]) {
  const names: string[] = [];
  for (const [index, file] of files.entries()) {
    names.push(await publish(store, file, new Date(Date.UTC(2026, 0, index + 1))));
  }
  const promoted = (index: number, stage = 'production') =>
    promote(store, stage, {
      model: names[index] as string,
      sha256: sha256Of(files[index] as Buffer),
    });
  return { names, promoted };
}

/** Starts `gillnet serve` on a free port, and waits until it listens; the address is empty where it never does. */
export async function startServe(args: string[], program: Program) {
  const server = running(startGillnet(['serve', '--json', '--port', '0', ...args], program));
  const listens = server.told(/"type":"serving".*"address":"([^"]+)"/);
  const [, address = ''] = await listens.catch(() => []);
  return { ...server, address };
}

/** Asks a server what a photo shows. */
export const predictAt = (address: string, photo: Buffer, init: RequestInit = {}) =>
  fetch(`${address}/v1/predict`, {
    ...{ method: 'POST', body: photo, ...init },
    headers: { 'content-type': 'image/png', ...init.headers },
  });

/** A photo of noise, other ones for each index: a PNG. */
export async function noisePhoto(index: number, edge = size): Promise<Buffer> {
  const draw = random(5, 'noise', index);
  const base = draw.integer(200);
  const pixels = Uint8Array.from({ length: edge * edge * 3 }, () => base + draw.integer(56));
  return sharp(pixels, { raw: { width: edge, height: edge, channels: 3 } })
    .png()
    .toBuffer();
}

/** What the core tells. */
export interface Told extends Observer {
  batches: number[];
  predictions: { label: string; confidence: number; sure: boolean }[];
  shadows: Parameters<Observer['shadowed']>[0][];
  events: GillnetEvent[];
}

/** @param other is told the same */
function listener(other?: Observer): Told {
  const told: Told = {
    ...{ batches: [], predictions: [], shadows: [], events: [] },
    batched(photos, seconds) {
      told.batches.push(photos);
      other?.batched(photos, seconds);
    },
    predicted(model, prediction) {
      told.predictions.push(prediction);
      other?.predicted(model, prediction);
    },
    shadowed(outcome) {
      told.shadows.push(outcome);
      other?.shadowed(outcome);
    },
  };
  return told;
}

/** A core as `gillnet serve` composes it; the next look at the folder is the test's to ask for. */
export async function predictorOf(
  folder: string,
  {
    limits = {},
    shadow,
    observer,
  }: { limits?: Partial<Limits>; shadow?: string; observer?: Observer } = {},
) {
  const told = listener(observer);
  const whole = { ...defaultLimits, ...limits };
  const serve = async (name?: string) =>
    ServedModel.start({
      source: await modelSource({ models: folder, downloadCache: 0 }, name, {}),
      ...{ int8: false, batch: whole.batch, observer: told, interval: 3600 },
      tell: (event) => told.events.push(event),
    });
  const served = await serve();
  const shadowed = shadow === undefined ? null : await serve(shadow);
  const predictor = new Predictor(served, { limits: whole, observer: told, shadow: shadowed });
  const end = async () => {
    await served.end();
    await shadowed?.end();
  };
  return { predictor, served, shadowed, told, end };
}

/** The core with its HTTP face, on a free port of the loopback address. */
export async function serverOf(
  folder: string,
  {
    keys,
    cors = [],
    page,
    feedback,
    runs,
    ...options
  }: {
    limits?: Partial<Limits>;
    shadow?: string;
    keys?: string[];
    cors?: string[];
    page?: string;
    /** Where photos go whose label is told. */
    feedback?: string;
    /** Where the runs are that it shows. */
    runs?: string;
  } = {},
) {
  const metrics = new Metrics();
  const core = await predictorOf(folder, { ...options, observer: metrics });
  metrics.watch(core.predictor);
  const events: GillnetEvent[] = [];
  const { limits } = core.predictor;
  const warn: Warn = (code, message) => events.push(event('warning', { code, message }));
  const server = await openServer(
    {
      feedback:
        feedback === undefined ? null : new Feedback(await openStore(feedback), limits, warn),
      ...{
        predictor: core.predictor,
        metrics,
        int8: false,
        cors,
        ...(page && { page }),
        ...(runs && { runs }),
      },
      keys: keys ? new ApiKeys(keys, 'the test') : null,
      tell: (event) => events.push(event),
    },
    { host: '127.0.0.1', port: 0 },
  );
  const end = async () => {
    await server.drain(5);
    await core.end();
  };
  const ask = (path: string, init?: RequestInit) => fetch(`${server.address}${path}`, init);
  /** Asks for photos as they are, one a request. */
  const predict = (bytes: Uint8Array, init: RequestInit = {}, query = '') =>
    ask(`/v1/predict${query}`, {
      ...{ method: 'POST', body: bytes, ...init },
      headers: { 'content-type': 'application/octet-stream', ...init.headers },
    });
  return { ...core, server, events, ask, predict, end };
}
