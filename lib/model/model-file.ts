import { GillnetError, messageOf } from '../errors.js';
import type { NativeState } from '../native.js';
import type { Recipe } from '../pipeline/recipe.js';
import type { Channels } from './classifier.js';
import { readTorchFile, writeTorchFile } from './torch-file.js';

/** What a model needs besides its weights to predict, and where it comes from. */
export interface ModelDescription {
  formatVersion: 1;
  /** In the order of the network's outputs. */
  classes: string[];
  /** Edge of the network's square input in pixels. */
  imageSize: number;
  mean: Channels;
  std: Channels;
  /** What its logits are divided by before their softmax; 1 where it is left out. */
  temperature?: number;
  /** How a photo becomes the input. */
  resize: 'whole photo to a square, bilinear, antialiased';
  createdAt: string;
  recipe: Recipe;
  seed: number;
  /** Of the epoch whose weights these are. */
  metrics: { epoch: number; valAccuracy: number };
  photos: { train: number; val: number };
  /** Photos that judge of which it has seen a version, as `--policy allow` let it; none where it is left out. */
  leaks?: number;
  /** SHA-256 over split, label and content of the photos that were used. */
  dataFingerprint: string;
  /** What the training began with; null for random weights. */
  baseWeights: { name: string; sha256: string } | null;
  versions: { gillnet: string; libtorch: string };
}

export interface Model {
  description: ModelDescription;
  /** By torchvision's names. */
  state: NativeState;
}

const recordName = 'gillnet.json';

/** A model's file: `torch.load(file, weights_only=True)` gives the state_dict. */
export function encodeModel({ description, state }: Model): Buffer {
  const record = Buffer.from(`${JSON.stringify(description, null, 1)}\n`);
  return writeTorchFile({ state, records: new Map([[recordName, record]]) });
}

/** @throws GillnetError BAD_MODEL_FILE, naming `file` */
export function decodeModel(bytes: Uint8Array, file: string): Model {
  try {
    const { state, records } = readTorchFile(bytes);
    const record = records.get(recordName);
    if (!record) {
      throw new Error(
        'It holds weights alone, without the names of its classes. To train on from them, give it as `--weights`.',
      );
    }
    return { description: checked(JSON.parse(record.toString())), state };
  } catch (cause) {
    throw new GillnetError(
      'BAD_MODEL_FILE',
      `${file} can't be used as a model. ${messageOf(cause)}`,
      { cause },
    );
  }
}

function checked(value: unknown): ModelDescription {
  const description: Partial<ModelDescription> = Object(value);
  const { formatVersion, classes, imageSize, mean, std, temperature = 1 } = description;
  const isChannels = (channels: unknown) =>
    Array.isArray(channels) && channels.length === 3 && channels.every(Number.isFinite);
  if (formatVersion !== 1) {
    throw new Error(
      `Its description is of version ${formatVersion}; this gillnet reads version 1. Update gillnet.`,
    );
  }
  const isClasses =
    Array.isArray(classes) &&
    classes.length > 0 &&
    classes.every((name) => typeof name === 'string');
  const isTemperature = Number.isFinite(temperature) && temperature > 0;
  const isInput = Number.isInteger(imageSize) && isChannels(mean) && isChannels(std);
  if (!isClasses || !isInput || !isTemperature) {
    throw new Error(`Its record ${recordName} is damaged.`);
  }
  return value as ModelDescription;
}
