import { GillnetError, messageOf } from '../errors.js';
import {
  type Dtype,
  loadAddon,
  type NativeBatch,
  type NativeClassifier,
  type NativeDevice,
  type NativeExplanation,
  type NativeOptimizer,
  type NativeProcessGroup,
  type NativeState,
  type NativeStepOptions,
  type NativeTrained,
  told,
  toldLater,
} from '../native.js';

import { type Resize, resizes } from '../photos/resizes.js';
import { fittingThreads } from '../processors.js';
import { type Architecture, defaultArchitecture, shapeOf, titleOf } from './architecture.js';
import { maximaOf } from './int8.js';
import type { Model } from './model-file.js';
import { type Channels, imageNetMean, imageNetStd } from './normalization.js';
import { wholeState } from './whole-state.js';

/** What training computes in, whose state is float32 in any case. */
export interface Arithmetic {
  /** Default `float32`. */
  dtype?: Dtype | undefined;
  /** Of cards: products of float32 in TensorFloat-32, which keeps 10 of 23 bits; default false. */
  tf32?: boolean | undefined;
  /** Of cards: faster algorithms, whose last digits differ from run to run; default false. */
  nondeterministic?: boolean | undefined;
}

export function arithmeticOf(
  { dtype, tf32 = false, nondeterministic = false }: Arithmetic,
  usual: Dtype = 'float32',
) {
  return { dtype: dtype ?? usual, tf32, nondeterministic };
}

export interface ClassifierOptions extends Arithmetic {
  /** Default `resnet18`. */
  architecture?: Architecture;
  /** Names of the classes, in the order of the network's outputs. */
  classes: string[];
  /** Edge of the network's square input in pixels, 32…16384. */
  imageSize: number;
  /** Of the initial weights; default 0. Null makes them all 0, for a state that follows. */
  seed?: number | null;
  /** Per channel, of pixels scaled to 0…1; default ImageNet's. */
  mean?: Channels;
  std?: Channels;
  /** Of its photos; default gillnet's own. */
  resize?: Resize;
  /** Default Adam. */
  optimizer?: NativeOptimizer;
  /** What computes, default the processor. */
  device?: NativeDevice | undefined;
}

/**
 * Sets LibTorch's threads for the whole process, before the first classifier is made. Unset, it takes
 * `fittingThreads`: one per core, as far as a CPU quota allows.
 */
export function setThreads(count: number | undefined): void {
  told(() => loadAddon().setThreads(count ?? fittingThreads()));
}

/**
 * A ResNet (torchvision's `resnet18(num_classes=n)` and deeper) that trains and predicts on one thread of its
 * own. Calls run in their order. Native memory: call `dispose()` when done with it.
 */
export class Classifier {
  readonly architecture: Architecture;
  readonly classes: string[];
  readonly imageSize: number;
  readonly mean: Channels;
  readonly std: Channels;
  /** How its photos are to be decoded. */
  readonly resize: Resize;
  readonly device: NativeDevice;
  /** What its logits are divided by before their softmax; the logits that it gives are not. */
  temperature = 1;
  /** Of a confidence by the temperature: below it the model is not sure. */
  threshold = 0;
  #native: NativeClassifier;

  /** @throws GillnetError INVALID_ARGUMENT, ADDON */
  constructor(options: ClassifierOptions) {
    const { classes, imageSize, seed = 0, mean = imageNetMean, std = imageNetStd } = options;
    const { resize = resizes.own } = options;
    const { architecture = defaultArchitecture, optimizer = { algorithm: 'adam' } } = options;
    const { device = 'cpu' } = options;
    this.device = device;
    this.architecture = architecture;
    this.classes = [...classes];
    this.imageSize = imageSize;
    this.mean = mean;
    this.std = std;
    this.resize = resize;
    const { Classifier: Native } = loadAddon();
    this.#native = told(
      () =>
        new Native({
          ...{ architecture: shapeOf(architecture), classes: classes.length },
          ...{ imageSize, mean, std, optimizer, device, ...arithmeticOf(options) },
          ...(seed === null ? {} : { seed }),
        }),
    );
  }

  /**
   * A classifier that predicts as the model does.
   * @param options with `int8` in 8-bit integers, until a weight changes; `device`, default the processor
   * @throws GillnetError BAD_MODEL_FILE for another architecture, USAGE for `int8` where the model has none or a card is to
   * compute, and INVALID_ARGUMENT where the processor lacks AVX2
   */
  static async of(
    model: Pick<Model, 'description' | 'state'> & { name?: string },
    options: { int8?: boolean | undefined; device?: NativeDevice } = {},
  ): Promise<Classifier> {
    const { description, state } = model;
    const { device = 'cpu' } = options;
    if (options.int8 && device !== 'cpu') {
      throw new GillnetError(
        'USAGE',
        `Only a processor computes in int8. Leave out \`--int8\`, or \`--device ${device}\`.`,
      );
    }
    const maxima = options.int8 ? maximaOf(model) : null;
    const { architecture, temperature = 1, threshold = 0 } = description;
    const { classes, imageSize, mean, std, resize } = description;
    const whole = wholeState(state, architecture, classes.length);
    let classifier: Classifier | undefined;
    try {
      const seed = null;
      classifier = new Classifier({
        ...{ architecture, classes, imageSize, mean, std, resize, seed, device },
      });
      await classifier.setState(whole);
      if (maxima) await classifier.quantize(maxima);
      classifier.temperature = temperature;
      classifier.threshold = threshold;
      return classifier;
    } catch (cause) {
      classifier?.dispose();
      if (cause instanceof GillnetError && cause.code !== 'INVALID_ARGUMENT') throw cause;
      throw new GillnetError(
        'BAD_MODEL_FILE',
        `The model is no ${titleOf(architecture)}: ${messageOf(cause)}.`,
        { cause },
      );
    }
  }

  /** Another one of the same weights, on the processor. */
  async onProcessor(): Promise<Classifier> {
    const copy = new Classifier({ ...this, device: 'cpu', seed: null });
    await copy.setState(await this.state());
    return copy;
  }

  /**
   * One optimiser step in training mode.
   * @param group whose ranks take the step of all photos' mean together, each with its share, which may be of 0; see `Ranks`
   * @returns mean cross-entropy before the step, and how many photos were right
   * @throws GillnetError NON_FINITE_LOSS (nothing has changed), RANK_LOST, INVALID_ARGUMENT, DISPOSED
   */
  trainStep(
    batch: NativeBatch,
    options: NativeStepOptions,
    group?: NativeProcessGroup,
  ): Promise<NativeTrained> {
    return toldLater(this.#native.trainStep(batch, options, group));
  }

  /**
   * Begins a step behind those that were begun before. The batch may change once it resolves; on a card the next step can be
   * begun while this one is computed.
   * @throws GillnetError as `trainStep`, where the step is computed at once, else OUT_OF_MEMORY
   */
  startStep(batch: NativeBatch, options: NativeStepOptions): Promise<void> {
    return toldLater(this.#native.startStep(batch, options));
  }

  /** What the first step gives that was begun and not finished. @throws GillnetError as `trainStep` */
  finishStep(): Promise<NativeTrained> {
    return toldLater(this.#native.finishStep());
  }

  /**
   * Inference mode, with labels.
   * @returns cross-entropy summed over the batch, and logits float32 [count, classes]
   */
  evaluate(batch: NativeBatch): Promise<{ loss: number; logits: Float32Array }> {
    return toldLater(this.#native.evaluate(batch));
  }

  /** Inference mode: logits float32 [count, classes]. */
  predict(batch: NativeBatch): Promise<Float32Array> {
    return toldLater(this.#native.predict(batch));
  }

  /** Inference mode: what the head sees of each photo, after average pooling, float32 [count, width], see `widthOf`. */
  features(batch: NativeBatch): Promise<Float32Array> {
    return toldLater(this.#native.features(batch));
  }

  /**
   * Inference mode, with labels: logits, and for each photo's label the class-activation map of the last layer
   * (Grad-CAM, Selvaraju et al. 2017, arXiv:1610.02391), float32 [count, rows, columns], 0 or above.
   */
  explain(batch: NativeBatch): Promise<NativeExplanation> {
    return toldLater(this.#native.explain(batch));
  }

  /**
   * For `quantize`: the largest value that each convolution gives of each photo, float32 [count, convolutions].
   * @throws GillnetError INVALID_ARGUMENT where the processor lacks AVX2
   */
  calibrate(batch: NativeBatch): Promise<Float32Array> {
    return toldLater(this.#native.calibrate(batch));
  }

  /**
   * Infers in int8 until a weight changes: weights per output channel, what each convolution gives from 0 to its value
   * in `maxima`, float32 [convolutions]. With null in float32 again.
   * @throws GillnetError INVALID_ARGUMENT where the processor lacks AVX2
   */
  quantize(maxima: Float32Array | null): Promise<void> {
    return toldLater(this.#native.quantize(maxima));
  }

  /** Copies of all parameters and buffers, by torchvision's names and in its order. */
  state(): Promise<NativeState> {
    return toldLater(this.#native.state());
  }

  /** Overwrites the named tensors, all or none. @throws GillnetError INVALID_ARGUMENT */
  setState(state: NativeState): Promise<void> {
    return toldLater(this.#native.setState(state));
  }

  /** Copies of the optimiser's averages, by PyTorch's names; empty before the first step. */
  optimizerState(): Promise<NativeState> {
    return toldLater(this.#native.optimizerState());
  }

  setOptimizerState(state: NativeState): Promise<void> {
    return toldLater(this.#native.setOptimizerState(state));
  }

  /** Frees the tensors once the running call has ended. Later calls reject with DISPOSED. Idempotent. */
  dispose(): void {
    this.#native.dispose();
  }
}
