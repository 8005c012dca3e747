import { access, constants, readFile } from 'node:fs/promises';
import { openCatalog } from '../catalog/open.js';
import type { Settings } from '../config.js';
import { messageOf } from '../errors.js';
import { plural, size } from '../faces/format.js';
import { makeFolder } from '../files.js';
import { defaultArchitecture } from '../model/architecture.js';
import { Classifier, setThreads } from '../model/classifier.js';
import { type FoundDevice, findDevice } from '../model/device.js';
import { fastestDtype } from '../model/dtype.js';
import { aboutWeights } from '../model/imagenet.js';
import { listModels } from '../model/registry.js';
import { defaultStage, servedBy } from '../model/stages.js';
import { loadWeights } from '../model/weights.js';
import { loadAddon } from '../native.js';
import { fittingThreads, processors } from '../processors.js';
import { openStore } from '../store/open.js';

/** One thing that was looked at. `ok` is false only for what `run` can't do without. */
interface Finding {
  name: string;
  ok: boolean;
  found: string;
}

const buildStamp = new URL('../../../build/gillnet.json', import.meta.url);

/** What is there and what is missing. @returns lines, and whether `run` could work */
export async function examine(settings: Settings): Promise<{ lines: string[]; ok: boolean }> {
  // What a card that is missing is told of once.
  const computing = await findDevice(settings.device).catch(() => findDevice('cpu'));
  const findings = [
    await look('Node', () => process.version),
    await look('LibTorch', libtorch),
    await look(
      'processor',
      () => loadAddon().processorFeatures().join(', ') || 'no extension that matters',
    ),
    await look('device', () => deviceFound(settings)),
    await look('dtype', () => dtypeFound(settings, computing)),
    await look('threads', () => threadsFound(settings)),
    await look('one step', () => oneStep(settings, computing)),
    await look('data', () => data(settings)),
    await look('catalog', () => catalog(settings)),
    await look('models', () => models(settings)),
    await look('runs', () => writable(settings.runs)),
    await look('weights', () => weights(settings)),
  ];
  const ok = findings.every((finding) => finding.ok);
  const lines = settings.json
    ? [JSON.stringify({ type: 'doctor', time: new Date().toISOString(), ok, findings })]
    : findings.map(({ name, ok, found }) => `${ok ? '✓' : '✗'} ${name.padEnd(10)} ${found}`);
  return { lines, ok };
}

async function look(name: string, work: () => string | Promise<string>): Promise<Finding> {
  try {
    return { name, ok: true, found: await work() };
  } catch (error) {
    return { name, ok: false, found: messageOf(error) };
  }
}

function threadsFound({ threads }: Settings): string {
  const { logical, cores, quota } = processors();
  const limit = quota === null ? 'no CPU quota' : `a CPU quota of ${quota} processors`;
  const count = threads ?? fittingThreads();
  return `${count}; ${plural(logical, 'processor')}, ${plural(cores, 'core')}, ${limit}`;
}

async function deviceFound({ device: asked }: Settings): Promise<string> {
  const { device, card, missing } = await findDevice(asked);
  if (!card) return missing ? `cpu; ${missing}` : 'cpu';
  const { name, memory, capability } = card;
  return `${device}, ${name}, ${size(memory)}, compute capability ${capability}`;
}

function dtypeFound({ dtype }: Settings, { card }: FoundDevice): string {
  const fastest = fastestDtype(card);
  const chosen = dtype ?? fastest;
  if (chosen === 'float32' || chosen === fastest) return `trains in ${chosen}, predicts in float32`;
  return `trains in ${chosen}, in which this ${card ? 'card' : 'processor'} is slower than in ${fastest}`;
}

async function libtorch(): Promise<string> {
  const { libtorchVersion } = loadAddon();
  const stamp = await readFile(buildStamp, 'utf8').catch(() => '{}');
  const { folder = 'unknown', origin = 'unknown' } = JSON.parse(stamp) as {
    folder?: string;
    origin?: string;
  };
  return `${libtorchVersion} from ${folder} (${origin})`;
}

/** The whole way through the addon, on one grey photo. */
async function oneStep(settings: Settings, { device, card }: FoundDevice): Promise<string> {
  setThreads(settings.threads);
  const dtype = settings.dtype ?? fastestDtype(card);
  const classifier = new Classifier({ classes: ['a', 'b'], imageSize: 64, dtype, device });
  try {
    const pixels = new Uint8Array(2 * 64 * 64 * 3).fill(128);
    const batch = { pixels, count: 2, height: 64, width: 64, labels: Int32Array.of(0, 1) };
    const { loss } = await classifier.trainStep(batch, { learningRate: 1e-3 });
    return `trains (loss ${loss.toFixed(3)})`;
  } finally {
    classifier.dispose();
  }
}

async function data({ data: place }: Settings): Promise<string> {
  if (place === undefined) return 'none given: the generated sample';
  const store = await openStore(place);
  for await (const { key } of store.list()) return `${place}, holds ${key} and more`;
  throw new Error(`${place} is empty or not there`);
}

async function models({ models: place }: Settings): Promise<string> {
  const store = await openStore(place);
  await store.prepare();
  const [newest] = await listModels(store);
  const served = await servedBy(store, defaultStage);
  const stage = served ? `, ${defaultStage} serves ${served.model}` : '';
  return `${place}, ${newest === undefined ? 'none yet' : `newest ${newest}`}${stage}`;
}

async function catalog({ catalog: location }: Settings): Promise<string> {
  const opened = await openCatalog(location);
  try {
    if ((await opened.unextracted()) !== null) {
      return `${opened.location}, filled by another program or an older gillnet: its photos are extracted when they are first used`;
    }
    return `${opened.location}, ${(await opened.photos()).length} photos`;
  } finally {
    await opened.close();
  }
}

async function writable(folder: string): Promise<string> {
  await makeFolder(folder);
  await access(folder, constants.W_OK);
  return folder;
}

async function weights({ weights: source = 'imagenet' }: Settings): Promise<string> {
  if (source === 'none' || source === 'imagenet') {
    return `${source}, ${await aboutWeights(source, defaultArchitecture)}`;
  }
  const { name, state } = await loadWeights(source);
  return `${name}, ${Object.keys(state).length} tensors`;
}
