import type { NativeArchitecture, NativeTensor } from '../native.js';

/** A convolution without bias, of a square kernel, padded so that stride 1 keeps the size. */
export interface Convolution {
  /** Channels. */
  from: number;
  to: number;
  /** Pixels. */
  kernel: number;
  stride: number;
  padding: number;
}

/** What a ResNet is made of. `name` is the part of a tensor's name before its last dot. */
export interface Operations<Value> {
  conv(input: Value, name: string, convolution: Convolution): Value;
  /** Batch norm with `epsilon` and `momentum`. */
  norm(input: Value, name: string, channels: number): Value;
  relu(input: Value): Value;
  /** Of 3×3 pixels with stride 2 and padding 1. */
  maxPool(input: Value): Value;
  add(left: Value, right: Value): Value;
  /** [N, channels, height, width] → [N, channels] */
  averagePool(input: Value): Value;
  linear(input: Value, name: string, from: number, to: number): Value;
}

/** PyTorch's defaults, which torchvision keeps. */
export const epsilon = 1e-5;
export const momentum = 0.1;

/**
 * Walks through a ResNet from `input` to its logits, in the order of torchvision's `state_dict()` and by its
 * names (torchvision/models/resnet.py).
 */
export function walk<Value>(
  { block, layers, channels: narrowest = 64 }: NativeArchitecture,
  classes: number,
  input: Value,
  operations: Operations<Value>,
): Value {
  const { norm, relu, add } = operations;
  const conv = (
    value: Value,
    [convName, normName]: [string, string],
    given: Omit<Convolution, 'padding'>,
  ) => {
    const padding = (given.kernel - 1) / 2;
    return norm(operations.conv(value, convName, { ...given, padding }), normName, given.to);
  };

  let channels = narrowest;
  const stem = conv(input, ['conv1', 'bn1'], { from: 3, to: channels, kernel: 7, stride: 2 });
  let value = operations.maxPool(relu(stem));
  layers.forEach((blocks, layer) => {
    const width = narrowest * 2 ** layer;
    const to = block === 'basic' ? width : 4 * width;
    for (let index = 0; index < blocks; index += 1) {
      const name = `layer${layer + 1}.${index}`;
      const stride = layer > 0 && index === 0 ? 2 : 1;
      const steps =
        block === 'basic'
          ? [
              { from: channels, to: width, kernel: 3, stride },
              { from: width, to, kernel: 3, stride: 1 },
            ]
          : [
              { from: channels, to: width, kernel: 1, stride: 1 },
              { from: width, to: width, kernel: 3, stride },
              { from: width, to, kernel: 1, stride: 1 },
            ];
      const residual = steps.reduce(
        (inner, step, at) =>
          conv(
            at === 0 ? inner : relu(inner),
            [`${name}.conv${at + 1}`, `${name}.bn${at + 1}`],
            step,
          ),
        value,
      );
      const isAlike = stride === 1 && channels === to;
      const shortcut = isAlike
        ? value
        : conv(value, [`${name}.downsample.0`, `${name}.downsample.1`], {
            ...{ from: channels, to },
            ...{ kernel: 1, stride },
          });
      value = relu(add(residual, shortcut));
      channels = to;
    }
  });
  return operations.linear(operations.averagePool(value), 'fc', channels, classes);
}

export type TensorKind = Omit<NativeTensor, 'data'>;

/** The tensors of a ResNet by their names, in the order of torchvision's `state_dict()`. */
export function tensorsOf(shape: NativeArchitecture, classes: number): Map<string, TensorKind> {
  const tensors = new Map<string, TensorKind>();
  const float = (name: string, ...sizes: number[]) =>
    void tensors.set(name, { dtype: 'float32', shape: sizes });
  walk<void>(shape, classes, undefined, {
    conv: (_, name, { from, to, kernel }) => float(`${name}.weight`, to, from, kernel, kernel),
    norm: (_, name, channels) => {
      for (const part of ['weight', 'bias', 'running_mean', 'running_var']) {
        float(`${name}.${part}`, channels);
      }
      tensors.set(`${name}.num_batches_tracked`, { dtype: 'int64', shape: [] });
    },
    relu: () => {},
    maxPool: () => {},
    add: () => {},
    averagePool: () => {},
    linear: (_, name, from, to) => {
      float(`${name}.weight`, to, from);
      float(`${name}.bias`, to);
    },
  });
  return tensors;
}
