import { createHash, type KeyObject } from 'node:crypto';
import { GillnetError, messageOf } from '../errors.js';
import type { Machine } from '../machine.js';
import type { Dtype, NativeState } from '../native.js';
import { type Resize, resizes } from '../photos/resizes.js';
import { sha256Of } from '../sha256.js';
import {
  type Architecture,
  architectures,
  defaultArchitecture,
  isArchitecture,
} from './architecture.js';
import { readTorchFile } from './formats/torch-file.js';
import { writeTorchFile } from './formats/write-torch-file.js';
import { isInt8Of } from './int8.js';
import { encodeManifest, type ManifestPhoto } from './manifest.js';
import type { Channels } from './normalization.js';
import type { Recipe } from './recipe.js';
import type { Selection } from './selection.js';
import { shown } from './shown.js';
import { isSignedBy, type Signature, sign } from './signature.js';

/** A file of a gillnet model, as another training began with it. */
export interface Parent {
  /** The file's name. */
  model: string;
  sha256: string;
}

/** What a model needs besides its weights to infer in 8-bit integers. */
export interface Int8 {
  /** The largest value of each convolution that is told apart, in the order of `Classifier.calibrate`. */
  maxima: number[];
  /** Of validation in int8, 0…1. */
  valAccuracy: number;
}

/** What a model needs besides its weights to predict, and where it comes from. */
export interface ModelDescription {
  formatVersion: 1;
  architecture: Architecture;
  /** In the order of the network's outputs. */
  classes: string[];
  /** Edge of the network's square input in pixels. */
  imageSize: number;
  mean: Channels;
  std: Channels;
  /** What its logits are divided by before their softmax; 1 where it is left out. */
  temperature?: number;
  /** Of a confidence by that temperature: below it the model is not sure. Left out where none is known. */
  threshold?: number;
  /** Left out where it infers in float32 alone. */
  int8?: Int8;
  /** How a photo becomes the input. */
  resize: Resize;
  createdAt: string;
  /** Null, as the four below are, where it was trained elsewhere. */
  recipe: Recipe | null;
  /** What the training computed in; float32 where it is left out. */
  dtype?: Dtype;
  seed: number | null;
  /** Of the epoch whose weights these are. */
  metrics: { epoch: number; valAccuracy: number } | null;
  photos: { train: number; val: number } | null;
  /** SHA-256 over split, label and content of the photos that were used. */
  dataFingerprint: string | null;
  /** How the photos were chosen of those that there were. */
  selection?: Selection;
  /** Photos that judge of which it has seen a version, as `--policy allow` let it; none where it is left out. */
  leaks?: number;
  /** What the training began with; null for random weights. */
  baseWeights: { name: string; sha256: string } | null;
  /** The model whose weights those are; null, or left out, where they are no model of gillnet's. */
  parent?: Parent | null;
  /** `commit` of gillnet's checkout, where it ran from one; `-dirty` behind it where files were changed. */
  versions: { gillnet: string; libtorch: string; commit?: string };
  machine?: Machine;
  /** SHA-256 over names, types, shapes and bytes of the tensors, see `tensorsSha256Of`. */
  tensorsSha256?: string;
  /** SHA-256 of the record `photos.json`, see `encodeManifest`. */
  photosSha256?: string;
}

export interface Model {
  description: ModelDescription;
  /** By torchvision's names. */
  state: NativeState;
  /** The record `photos.json` as it stands, for `decodeManifest`; null where the model has none. */
  manifest: Uint8Array | null;
  /** The key that has signed it, as `Signature` has it; null where it is not signed. */
  signedBy: string | null;
}

/** What becomes a model; the hashes in its description are made when it is written. */
export interface ModelToWrite {
  description: Omit<ModelDescription, 'tensorsSha256' | 'photosSha256'>;
  state: NativeState;
  photos?: ManifestPhoto[];
}

/** What goes into the formats of other programs. */
export type ModelToExport = Pick<Model, 'description' | 'state'>;

/** Of the records beside the tensors; a file with the first is a model of gillnet's. */
export const recordNames = {
  description: 'gillnet.json',
  photos: 'photos.json',
  signature: 'signature.json',
};
const jsonOf = (value: unknown) => Buffer.from(`${JSON.stringify(value, null, 1)}\n`);

/**
 * A model's file: `torch.load(file, weights_only=True)` gives the state_dict. What it says of itself stands last, so
 * that it can be read without the rest.
 * @param key a private Ed25519 key to sign it with
 */
export function encodeModel({ description, state, photos }: ModelToWrite, key?: KeyObject): Buffer {
  const manifest = photos && encodeManifest(photos);
  const record = jsonOf({
    ...description,
    tensorsSha256: tensorsSha256Of(state),
    ...(manifest && { photosSha256: sha256Of(manifest) }),
  });
  const records = new Map<string, Uint8Array>();
  if (manifest) records.set(recordNames.photos, manifest);
  if (key) records.set(recordNames.signature, jsonOf(sign(record, key)));
  records.set(recordNames.description, record);
  return writeTorchFile({ state, records });
}

/** @throws GillnetError BAD_MODEL_FILE, naming `file` */
export function decodeModel(bytes: Uint8Array, file: string): Model {
  try {
    const { state, records } = readTorchFile(bytes);
    const record = records.get(recordNames.description);
    if (!record) {
      throw new Error(
        'It holds weights alone, without the names of its classes. To train on from them, give it as `--weights`.',
      );
    }
    return {
      description: checked(parsed(record, recordNames.description)),
      state,
      manifest: records.get(recordNames.photos) ?? null,
      signedBy: signerOf(record, records.get(recordNames.signature)),
    };
  } catch (cause) {
    throw new GillnetError(
      'BAD_MODEL_FILE',
      `${file} can't be used as a model. ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** SHA-256 over the tensors in the order of their names: a line of JSON with name, type and shape, then the bytes. */
export function tensorsSha256Of(state: NativeState): string {
  const hash = createHash('sha256');
  const tensors = Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, { dtype, shape, data }] of tensors) {
    hash.update(`${JSON.stringify([name, dtype, shape])}\n`).update(data);
  }
  return hash.digest('hex');
}

/** Not what JSON.parse says: it quotes the file. */
function parsed(record: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(Buffer.from(record).toString());
  } catch {
    throw new Error(`Its record ${name} is no JSON, so that it is damaged.`);
  }
}

function signerOf(record: Uint8Array, bytes: Uint8Array | undefined): string | null {
  if (!bytes) return null;
  const signature: Partial<Signature> = Object(parsed(bytes, recordNames.signature));
  const { publicKey, signature: value } = signature;
  const isText = typeof publicKey === 'string' && typeof value === 'string';
  if (!isText || !isSignedBy(record, { algorithm: 'Ed25519', publicKey, signature: value })) {
    throw new Error('Its signature does not fit what it says of itself: one of them was changed.');
  }
  return publicKey;
}

/** As many as the network takes. */
const mostClasses = 100_000;
/** Of a class, in code units: as long as a file's name may be. */
const longestName = 255;

function checked(value: unknown): ModelDescription {
  const description: Partial<ModelDescription> = Object(value);
  // The first models were of one network, and did not name it.
  const { architecture = defaultArchitecture } = description;
  const { formatVersion, classes, imageSize, mean, std } = description;
  const { resize, temperature = 1, threshold = 0, int8 } = description;
  const isEdge = (edge: unknown) => Number.isInteger(edge) && Number(edge) > 0;
  const isChannels = (channels: unknown) =>
    Array.isArray(channels) && channels.length === 3 && channels.every(Number.isFinite);
  if (formatVersion !== 1) {
    throw new Error(
      `Its description is of version ${shown(String(formatVersion))}; this gillnet reads version 1. Update gillnet.`,
    );
  }
  if (!isArchitecture(architecture)) {
    throw new Error(
      `Its network is ${shown(String(architecture))}; this gillnet knows ${Object.keys(architectures).join(', ')}.`,
    );
  }
  if (!Object.values<unknown>(resizes).includes(resize)) {
    throw new Error(
      `It wants photos resized in a way that this gillnet does not know: ${shown(String(resize))}. Update gillnet.`,
    );
  }
  const isClasses =
    Array.isArray(classes) &&
    classes.length > 0 &&
    classes.length <= mostClasses &&
    classes.every((name) => typeof name === 'string' && name.length <= longestName);
  const isTemperature = Number.isFinite(temperature) && temperature > 0;
  const isThreshold = Number.isFinite(threshold) && threshold >= 0 && threshold <= 1;
  const isInput = isEdge(imageSize) && isChannels(mean) && isChannels(std);
  const isInt8 = int8 === undefined || isInt8Of(architecture, int8);
  if (!isClasses || !isInput || !isTemperature || !isThreshold || !isInt8) {
    throw new Error(`Its record ${recordNames.description} is damaged.`);
  }
  return { ...(value as ModelDescription), architecture };
}
