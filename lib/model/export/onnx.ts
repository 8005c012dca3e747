import type { NativeTensor } from '../../native.js';
import { version } from '../../version.js';
import { shapeOf } from '../architecture.js';
import { epsilon, type Operations, walk } from '../graph.js';
import { type ModelDescription, type ModelToExport, recordNames } from '../model-file.js';
import { wholeState } from '../whole-state.js';
import { Message } from './onnx-message.js';

/**
 * The newest that all of onnxruntime's packages run: 1.32 for Python runs 28, but 1.30 for Node and the browser
 * refuses 27. The operators used here mean the same in all of these.
 */
const opset = 26;
/** Of the file's format, which came with that opset. */
const irVersion = 13;

/** Numbers of fields and of types in github.com/onnx/onnx/blob/main/onnx/onnx.proto. */
const model = { irVersion: 1, producer: 2, producerVersion: 3, graph: 7, opset: 8, metadata: 14 };
const operatorSet = { domain: 1, version: 2 };
const entry = { key: 1, value: 2 };
const graph = { node: 1, name: 2, initializer: 5, input: 11, output: 12 };
const node = { input: 1, output: 2, name: 3, operator: 4, attribute: 5 };
const attribute = { name: 1, float: 2, int: 3, ints: 8, type: 20 };
const attributeTypes = { float: 1, int: 2, ints: 7 };
const tensor = { dims: 1, type: 2, name: 8, raw: 9 };
const valueInfo = { name: 1, type: 2 };
const valueType = { tensor: 1 };
const tensorType = { element: 1, shape: 2 };
const tensorShape = { dim: 1 };
const dimension = { size: 1, name: 2 };
const float32 = 1;

/**
 * A model as an ONNX file. Its input `input` is float32 [N, 3, size, size]: RGB, scaled to 0…1 and normalised by the
 * model's mean and std; its output `logits` is float32 [N, classes], not divided by the temperature. What else
 * a program needs to know stands in the metadata.
 */
export function encodeOnnx({ description, state }: ModelToExport): Uint8Array {
  const { architecture, classes, imageSize } = description;
  const built = new Message().text(graph.name, architecture);
  walk(shapeOf(architecture), classes.length, 'input', operationsOf(built));
  const tensors = Object.entries(wholeState(state, architecture, classes.length));
  for (const [name, held] of tensors) {
    // How many batches a norm has seen is no part of what it computes.
    if (held.dtype === 'float32') built.message(graph.initializer, initializer(name, held));
  }
  built.message(graph.input, value('input', ['N', 3, imageSize, imageSize]));
  built.message(graph.output, value('logits', ['N', classes.length]));

  const operators = new Message().text(operatorSet.domain, '').int(operatorSet.version, opset);
  const file = new Message()
    .int(model.irVersion, irVersion)
    .text(model.producer, 'gillnet')
    .text(model.producerVersion, version)
    .message(model.graph, built)
    .message(model.opset, operators);
  for (const [key, told] of Object.entries(metadataOf(description))) {
    const text = typeof told === 'string' ? told : JSON.stringify(told);
    file.message(model.metadata, new Message().text(entry.key, key).text(entry.value, text));
  }
  return file.finish();
}

/** Names stand there as they are, all else as JSON. */
function metadataOf(description: ModelDescription): Record<string, unknown> {
  const { architecture, classes, imageSize, mean, std, resize, temperature = 1 } = description;
  return {
    ...{ architecture, classes, image_size: imageSize, mean, std, resize, temperature },
    [recordNames.description]: description,
  };
}

/** Adds a node for each operation. A value is the name of a node's output. */
function operationsOf(built: Message): Operations<string> {
  let count = 0;
  const add = (
    operator: string,
    inputs: string[],
    attributes: Record<string, number[] | { int: number } | { float: number }> = {},
    output = `${operator.toLowerCase()}_${++count}`,
  ): string => {
    const made = new Message();
    for (const input of inputs) made.text(node.input, input);
    made.text(node.output, output).text(node.name, output).text(node.operator, operator);
    for (const [name, given] of Object.entries(attributes)) {
      made.message(node.attribute, attributeOf(name, given));
    }
    built.message(graph.node, made);
    return output;
  };
  return {
    conv: (input, name, { kernel, stride, padding }) =>
      add('Conv', [input, `${name}.weight`], {
        kernel_shape: [kernel, kernel],
        strides: [stride, stride],
        pads: Array(4).fill(padding),
      }),
    norm: (input, name) => {
      const parts = ['weight', 'bias', 'running_mean', 'running_var'];
      const inputs = [input, ...parts.map((part) => `${name}.${part}`)];
      return add('BatchNormalization', inputs, { epsilon: { float: epsilon } });
    },
    relu: (input) => add('Relu', [input]),
    maxPool: (input) =>
      add('MaxPool', [input], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
    add: (left, right) => add('Add', [left, right]),
    averagePool: (input) =>
      add('Flatten', [add('GlobalAveragePool', [input])], { axis: { int: 1 } }),
    linear: (input, name) =>
      add('Gemm', [input, `${name}.weight`, `${name}.bias`], { transB: { int: 1 } }, 'logits'),
  };
}

function attributeOf(name: string, given: number[] | { int: number } | { float: number }): Message {
  const made = new Message().text(attribute.name, name);
  if (Array.isArray(given)) {
    for (const each of given) made.int(attribute.ints, each);
    return made.int(attribute.type, attributeTypes.ints);
  }
  return 'int' in given
    ? made.int(attribute.int, given.int).int(attribute.type, attributeTypes.int)
    : made.float(attribute.float, given.float).int(attribute.type, attributeTypes.float);
}

function initializer(name: string, { shape, data }: NativeTensor): Message {
  const made = new Message();
  for (const size of shape) made.int(tensor.dims, size);
  return made.int(tensor.type, float32).text(tensor.name, name).bytes(tensor.raw, data);
}

/** A float32 tensor that goes in or out; a size that is a name may be any. */
function value(name: string, sizes: (number | string)[]): Message {
  const shape = new Message();
  for (const size of sizes) {
    const made = new Message();
    shape.message(
      tensorShape.dim,
      typeof size === 'string' ? made.text(dimension.name, size) : made.int(dimension.size, size),
    );
  }
  const made = new Message().int(tensorType.element, float32).message(tensorType.shape, shape);
  return new Message()
    .text(valueInfo.name, name)
    .message(valueInfo.type, new Message().message(valueType.tensor, made));
}
