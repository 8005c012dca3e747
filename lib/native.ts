// Long, because it is the whole C++ surface as one type, and nothing else.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { addonFile, loadOrExplain } from './addon-files.js';
import { GillnetError, isErrorCode, messageOf } from './errors.js';

/**
 * The whole C++ surface. Methods that return a promise run on the engine thread, one after the
 * other in the order of the calls, and reject with an `Error` whose `code` is one of
 * `INVALID_ARGUMENT`, `NON_FINITE_LOSS`, `DISPOSED`, `INTERRUPTED`, `RANK_LOST`, `NO_DEVICE`, `OUT_OF_MEMORY` or `LIBTORCH`.
 * Buffers are referenced, not copied: they must not change until the promise settles.
 */

/** Photos as they cross between the languages. */
export interface NativeBatch {
  /** uint8 [count, height, width, 3], RGB. */
  pixels: Uint8Array;
  count: number;
  height: number;
  width: number;
  /** int32 [count], in 0…classes-1; needed by `trainStep` and `evaluate`. */
  labels?: Int32Array;
  /** int32 [count, 4] as left, top, width, height in pixels; the whole photo when absent. */
  crops?: Int32Array;
  /** uint8 [count], 1 to mirror left and right; none when absent. */
  flips?: Uint8Array;
  /**
   * float32 [count, 3], 0 or above: factors of brightness, contrast and saturation, as those of torchvision's
   * ColorJitter in this order; photos as they are when absent.
   */
  colours?: Float32Array;
}

export interface NativeTensor {
  dtype: 'float32' | 'int64';
  shape: number[];
  /** Little-endian, contiguous in the order of `shape`. */
  data: Uint8Array;
}

/** Tensors by name; a network's are those of torchvision's ResNet, in the order of its `state_dict()`. */
export type NativeState = Record<string, NativeTensor>;

/** A ResNet's shape (He et al. 2015, arXiv:1512.03385, table 1). */
export interface NativeArchitecture {
  /** `basic`: two 3×3 convolutions. `bottleneck`: 1×1, 3×3 with the stride, 1×1 to four times the channels. */
  block: 'basic' | 'bottleneck';
  /** Blocks in each of the four layers, 1…256. */
  layers: [number, number, number, number];
  /** Of the stem and the first layer, a multiple of 32 in 32…256; each further layer has twice as many. Default 64. */
  channels?: number;
}

export interface NativeOptimizer {
  algorithm: 'adam' | 'adamw' | 'sgd';
  /** SGD only, 0 for none. */
  momentum?: number;
  /** L2 added to the gradient (`adam`, `sgd`) or decoupled (`adamw`); default 0. */
  weightDecay?: number;
  /** Adam's, default 0.9, 0.999 and 1e-8. */
  beta1?: number;
  beta2?: number;
  epsilon?: number;
}

export interface NativeStepOptions {
  learningRate: number;
  /** 0…1, default 0. */
  labelSmoothing?: number;
  /** Edge in pixels at which the network sees the photos, 32…16384; default the classifier's. */
  imageSize?: number;
  /**
   * float32 [6], 0 or above and not all 0: what the learning rate is multiplied by for the parameters of the stem
   * (conv1, bn1), layer1, layer2, layer3, layer4 and the head (fc); default 1. 0 freezes a group: no gradient, no
   * weight decay, no count of its steps; nothing below the lowest group that trains is backpropagated.
   */
  factors?: Float32Array;
  /**
   * Batch norms normalise by their running statistics, which stay as they are; their weights and biases train all the
   * same. Default false: by the batch's, in frozen groups too.
   */
  frozenStatistics?: boolean;
  /**
   * Of a group's step: batch norms normalise by the photos of all ranks; default false, by each rank's own. Means nothing
   * with `frozenStatistics`.
   */
  syncBatchNorm?: boolean;
  /** Of a group's step: a number that is summed over the ranks along with the loss; default 0. */
  asked?: number;
}

/** Of all ranks' photos where the step is a group's. */
export interface NativeTrained {
  /** Mean cross-entropy before the step. */
  loss: number;
  /** Photos told right. */
  correct: number;
  count: number;
  /** The sum of what the ranks asked. */
  asked: number;
}

/** Where the ranks of a group meet. */
export interface NativeRendezvous {
  /** 0…size-1 */
  rank: number;
  size: number;
  /** Of the store of keys. */
  host: string;
  port: number;
  /** Whether this process holds the store; otherwise it goes to the one that does. */
  hosts: boolean;
  /** Of all keys: groups that share a store have prefixes of their own. */
  prefix: string;
  /** Time-out of each operation, 1…86400. */
  seconds: number;
  /** Of the network to go by; empty for the one by which the store is reached. */
  interface: string;
}

/**
 * Processes that train together, by c10d's TCPStore and ProcessGroupGloo. All ranks make the calls of `connect`,
 * `broadcast`, `gather` and of steps in one order. Rejects with RANK_LOST where another rank has gone, has failed or does not
 * answer within the time-out; no operation on all ranks succeeds after that.
 */
export interface NativeProcessGroup {
  /** Leaves a value in the store. `joined/RANK` is what a rank is called by where it is told to be lost. */
  put(key: string, value: Uint8Array): Promise<void>;
  /** A value in the store, or null yet. `beat/RANK`, which each rank changes every second, tells that it lives. */
  look(key: string): Promise<Uint8Array | null>;
  /** Connects all ranks. */
  connect(): Promise<void>;
  /** Rank 0's bytes. */
  broadcast(bytes: Uint8Array): Promise<Uint8Array>;
  /** Each rank's bytes, of any length. */
  gather(bytes: Uint8Array): Promise<Uint8Array[]>;
  /** Tells the other ranks why this one ends, and ends its connections. */
  fail(reason: string): Promise<void>;
  /** Ends the connections once the running call has ended; later calls reject with `DISPOSED`. Idempotent. */
  leave(): void;
}

/** `float16` is for cards, and scales its loss. */
export type Dtype = 'float32' | 'bfloat16' | 'float16';

/**
 * What computes: the processor, by gillnet's kernels; a card of CUDA; or, to hold the two against each other, the processor by
 * the operations that a card is given.
 */
export type NativeDevice = 'cpu' | 'plain' | `cuda:${number}`;

/** A card that CUDA finds. */
export interface NativeCudaDevice {
  name: string;
  /** In bytes. */
  memory: number;
  /** Such as `9.0`. */
  capability: string;
}

export interface NativeExplanation {
  /** float32 [count, classes] */
  logits: Float32Array;
  /** float32 [count, rows, columns], 0 or above, in the logit's own unit. */
  maps: Float32Array;
  rows: number;
  columns: number;
}

/** What a network sees of photos, and what they show. */
export interface NativeLabelledFeatures {
  /** float32 [count, width], finite. */
  features: Float32Array;
  count: number;
  width: number;
  /** int32 [count], in 0…classes-1. */
  labels: Int32Array;
  classes: number;
  /** Half of it times the squared weights is added to the summed cross-entropy: scikit-learn's 1/C. */
  penalty: number;
}

/** A linear layer: logits are weight · features + bias. */
export interface NativeHead {
  /** float32 [classes, width] */
  weight: Float32Array;
  /** float32 [classes] */
  bias: Float32Array;
  /** Mean cross-entropy of the photos that it was fitted to, without the penalty. */
  loss: number;
  /** How many of them it tells right. */
  correct: number;
}

/** Photos parted into folds; each class stands in two folds at least. */
export interface NativeFolds extends NativeLabelledFeatures {
  /** int32 [count], in 0…count-1. */
  folds: Int32Array;
}

/** `Classifier` says what each of its calls does. */
export interface NativeClassifier {
  trainStep(
    batch: NativeBatch,
    options: NativeStepOptions,
    group?: NativeProcessGroup,
  ): Promise<NativeTrained>;
  startStep(batch: NativeBatch, options: NativeStepOptions): Promise<void>;
  finishStep(): Promise<NativeTrained>;
  evaluate(batch: NativeBatch): Promise<{ loss: number; logits: Float32Array }>;
  predict(batch: NativeBatch): Promise<Float32Array>;
  features(batch: NativeBatch): Promise<Float32Array>;
  explain(batch: NativeBatch): Promise<NativeExplanation>;
  calibrate(batch: NativeBatch): Promise<Float32Array>;
  quantize(maxima: Float32Array | null): Promise<void>;
  state(): Promise<NativeState>;
  setState(state: NativeState): Promise<void>;
  optimizerState(): Promise<NativeState>;
  setOptimizerState(state: NativeState): Promise<void>;
  dispose(): void;
}

export interface NativeAddon {
  /** As LibTorch names itself, for example `2.13.0`. */
  readonly libtorchVersion: string;
  Classifier: new (options: {
    architecture: NativeArchitecture;
    classes: number;
    /** Edge of the network's square input in pixels. */
    imageSize: number;
    /** Of the initial weights, which are all 0 without one: for a state that follows. */
    seed?: number;
    /** Per channel, of pixels scaled to 0…1. */
    mean: [number, number, number];
    std: [number, number, number];
    optimizer: NativeOptimizer;
    /**
     * Of activations and convolutions in training, default `float32`; weights, averages, inference and every state are
     * float32 in any case.
     */
    dtype?: Dtype;
    /** Default `cpu`. What is not there rejects each call with `NO_DEVICE`. */
    device?: NativeDevice;
    /** Products of float32 in TensorFloat-32, of cards that have it; default false. */
    tf32?: boolean;
    /**
     * On cards, faster algorithms whose last digits differ from run to run; default false. This and `tf32` hold for the
     * process: those of the classifier that was made last.
     */
    nondeterministic?: boolean;
  }) => NativeClassifier;
  /** Not there where LibTorch was built without c10d and Gloo. */
  ProcessGroup?: new (
    rendezvous: NativeRendezvous,
  ) => NativeProcessGroup;
  /**
   * Each photo's confidences, float32 [count, classes], by a logistic regression fitted to the other folds.
   * `stop` int32 [1]: rejects with `INTERRUPTED` within a step of the fit once it holds anything but 0.
   */
  outOfFold(folds: NativeFolds & { stop?: Int32Array }): Promise<Float32Array>;
  /** The logistic regression of all photos; `stop` as above. */
  fitHead(photos: NativeLabelledFeatures & { stop?: Int32Array }): Promise<NativeHead>;
  /** The cards that classifiers can be made on; rejects with `NO_DEVICE`, telling why, where there is none. */
  cudaDevices(): Promise<NativeCudaDevice[]>;
  /** Threads of LibTorch for the whole process; effective until the first classifier is made. */
  setThreads(count: number): void;
  threads(): number;
  /** Names of what the processor offers, of `avx2`, `avx_vnni`, `avx512`, `avx512_vnni`, `avx512_bf16`, `amx_bf16`, `neon`. */
  processorFeatures(): string[];
  /** Whether it forms many more products of bfloat16 in a second than of float32; measured once, in some milliseconds. */
  isFasterInBfloat16(): boolean;
  /** The instruction set of the kernels that inference takes; `none` where it is left to LibTorch. */
  kernels(): 'avx512' | 'avx2' | 'none';
}

const file = '../../build/Release/gillnet.node';

let addon: NativeAddon | undefined;

export function addonPath(): string {
  return addonFile(file);
}

/** Whether the addon was built with a LibTorch for CUDA: what knows CUDA lies beside it, and is opened when it is needed. */
export function hasCuda(): boolean {
  return existsSync(path.join(path.dirname(addonPath()), 'gillnet_cuda.so'));
}

/** Before any of the addon's libraries is loaded. */
export function settleLibraries(): void {
  // Idle OpenMP threads spin for a processor by default: beside any other busy program that halves the
  // speed several times over, and alone it gains nothing. libgomp reads this when it is loaded.
  process.env.GOMP_SPINCOUNT ||= '10000';
}

/** Loads the addon once. */
export function loadAddon(): NativeAddon {
  if (addon) return addon;
  settleLibraries();
  const next = '; `npx gillnet doctor` shows what was found';
  addon = loadOrExplain<NativeAddon>('native addon', file, next);
  return addon;
}

/** The addon's errors carry a code of ours as a plain property. */
function asGillnetError(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  return isErrorCode(code) ? new GillnetError(code, messageOf(error), { cause: error }) : error;
}

/** What `work` gives; the addon's errors as ours. */
export function told<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asGillnetError(error);
  }
}

export async function toldLater<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asGillnetError(error);
  }
}
