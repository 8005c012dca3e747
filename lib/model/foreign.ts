import { GillnetError } from '../errors.js';
import { loadAddon } from '../native.js';
import { resizes } from '../photos/resizes.js';
import { version } from '../version.js';
import { architectureOf, architectures, titleOf } from './architecture.js';
import type { ModelToWrite } from './model-file.js';
import { type Channels, imageNetMean, imageNetStd } from './normalization.js';
import { headTensors, type Weights } from './weights.js';
import { wholeState } from './whole-state.js';

/** What a state_dict does not tell of the network that it is of. */
export interface ForeignOptions {
  /** In the order of the network's outputs. */
  classes: string[];
  /** Edge of the network's square input in pixels; default 224. */
  imageSize?: number | undefined;
  /** Per channel, of pixels scaled to 0…1; default ImageNet's. */
  mean?: Channels | undefined;
  std?: Channels | undefined;
}

/**
 * A model from a state_dict that was trained elsewhere, with torchvision's or timm's names. How it was trained, on
 * what and how well is left open.
 * @throws GillnetError BAD_MODEL_FILE for another network, or one of other classes than these
 */
export function modelOfWeights(
  weights: Pick<Weights, 'name' | 'sha256' | 'state'>,
  options: ForeignOptions,
): ModelToWrite {
  const { name, sha256, state } = weights;
  const { classes, imageSize = 224, mean = imageNetMean, std = imageNetStd } = options;
  const architecture = architectureOf(state);
  if (!architecture) {
    const known = Object.values(architectures).map(({ title }) => title);
    throw new GillnetError(
      'BAD_MODEL_FILE',
      `The network in ${name} is unknown: its tensors are those of no ${known.join(', ')} by torchvision's or ` +
        'timm’s names. Save `model.state_dict()` of one of them.',
    );
  }
  const [weight, bias] = headTensors.map((each) =>
    Object.hasOwn(state, each) ? state[each] : undefined,
  );
  if (weight?.shape.length !== 2 || bias?.shape.length !== 1) {
    throw new GillnetError(
      'BAD_MODEL_FILE',
      `The head of the ${titleOf(architecture)} in ${name} is not one linear layer with the tensors ${headTensors.join(' and ')}. ` +
        'In Python, put the linear layer itself into `model.fc` before the state_dict is saved.',
    );
  }
  if (weight.shape[0] !== classes.length) {
    throw new GillnetError(
      'BAD_MODEL_FILE',
      `${name} tells ${weight.shape[0]} classes apart, and --classes names ${classes.length}. Name all of them, in the ` +
        'order that they had in training; torchvision’s ImageFolder keeps it in `dataset.classes`.',
    );
  }
  return {
    description: {
      formatVersion: 1,
      architecture,
      classes,
      imageSize,
      mean,
      std,
      resize: resizes.pillow,
      createdAt: new Date().toISOString(),
      recipe: null,
      seed: null,
      metrics: null,
      photos: null,
      dataFingerprint: null,
      baseWeights: { name, sha256 },
      versions: { gillnet: version, libtorch: loadAddon().libtorchVersion },
    },
    state: wholeState(state, architecture, classes.length),
  };
}
