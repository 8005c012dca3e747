import type { NativeTensor } from '../../native.js';
import { shapeOf } from '../architecture.js';
import { type Pickleable, pickle } from '../formats/write-pickle.js';
import { archiveEntries, pickledTensor } from '../formats/write-torch-file.js';
import { writeZip } from '../formats/write-zip.js';
import { epsilon, momentum, type Operations, walk } from '../graph.js';
import { type ModelToExport, recordNames } from '../model-file.js';
import { wholeState } from '../whole-state.js';

/**
 * The program in a TorchScript file: torch/csrc/jit/docs/serialization.md. Each layer is a module with
 * torchvision's name; the network's own `forward` calls them one after the other.
 */

const namespace = '__torch__.gillnet';

/** Modules that compute, with the tensors and numbers that each holds. */
const layers = {
  Conv2d: {
    parameters: ['weight'],
    buffers: [],
    numbers: ['stride', 'padding'],
    forward: `
    stride = self.stride
    padding = self.padding
    return torch.conv2d(input, self.weight, None, [stride, stride], [padding, padding], [1, 1], 1)`,
  },
  BatchNorm2d: {
    parameters: ['weight', 'bias'],
    buffers: ['running_mean', 'running_var', 'num_batches_tracked'],
    numbers: [],
    forward: `
    training = self.training
    if training:
      _0 = torch.add_(self.num_batches_tracked, 1)
    else:
      pass
    return torch.batch_norm(input, self.weight, self.bias, self.running_mean, self.running_var, training, ${momentum}, ${epsilon}, True)`,
  },
  Linear: {
    parameters: ['weight', 'bias'],
    buffers: [],
    numbers: [],
    forward: `
    return torch.linear(input, self.weight, self.bias)`,
  },
} as const;

interface Layer {
  kind: keyof typeof layers;
  numbers: Record<string, number>;
}

/** Of a tensor by its name in the state_dict; `trains` asks for its gradient. */
type TensorPickler = (name: string, trains: boolean) => Pickleable;

/** A module by its name in the one that holds it. */
type Tree = Map<string, Tree | Layer>;

/**
 * A model as a file that `torch.jit.load` reads, of PyTorch 1.13 and newer: in inference mode, with the names of
 * torchvision's `state_dict()`. Input and output are those of the ONNX file, for any number of photos. The
 * description is the extra file `gillnet.json`. @throws GillnetError BAD_MODEL_FILE
 */
export function encodeTorchScript({ description, state }: ModelToExport): Buffer {
  const root: Tree = new Map();
  const lines: string[] = [];
  const { architecture, classes } = description;
  const output = walk(shapeOf(architecture), classes.length, 'input', operationsOf(root, lines));
  const main = `
  def forward(self: ${namespace}.ResNet,
    input: Tensor) -> Tensor:
${lines.map((line) => `    ${line}\n`).join('')}    return ${output}
`;
  const kinds = Object.keys(layers) as Layer['kind'][];
  const code = [...kinds.map(layerClass), ...containerClasses(root, 'ResNet', main)];

  const whole = wholeState(state, architecture, classes.length);
  const keys = Object.keys(whole);
  const tensor: TensorPickler = (name, trains) =>
    pickledTensor(whole[name] as NativeTensor, String(keys.indexOf(name)), trains);
  const program: [string, Uint8Array][] = [
    ['data.pkl', pickle(instance(root, 'ResNet', '', tensor))],
    ['code/__torch__/gillnet.py', Buffer.from(code.join(''))],
    ['constants.pkl', pickle({ tuple: [] })],
  ];
  const extra = Buffer.from(JSON.stringify(description));
  return writeZip(archiveEntries(program, whole, [[`extra/${recordNames.description}`, extra]]));
}

/** Adds a layer to `root` and a line to the program for each operation. A value is the name of a variable. */
function operationsOf(root: Tree, lines: string[]): Operations<string> {
  const assign = (expression: string): string => {
    const variable = `x${lines.length}`;
    lines.push(`${variable} = ${expression}`);
    return variable;
  };
  const call = (name: string, layer: Layer, input: string): string => {
    place(root, name.split('.'), layer);
    return assign(`(${path(name)}).forward(${input}, )`);
  };
  return {
    conv: (input, name, { stride, padding }) =>
      call(name, { kind: 'Conv2d', numbers: { stride, padding } }, input),
    norm: (input, name) => call(name, { kind: 'BatchNorm2d', numbers: {} }, input),
    relu: (input) => assign(`torch.relu(${input})`),
    maxPool: (input) => assign(`torch.max_pool2d(${input}, [3, 3], [2, 2], [1, 1])`),
    add: (left, right) => assign(`torch.add(${left}, ${right})`),
    averagePool: (input) => assign(`torch.flatten(torch.adaptive_avg_pool2d(${input}, [1, 1]), 1)`),
    linear: (input, name) => call(name, { kind: 'Linear', numbers: {} }, input),
  };
}

function place(tree: Tree, [first = '', ...rest]: string[], layer: Layer): void {
  const below = tree.get(first) ?? new Map();
  tree.set(first, rest.length > 0 ? below : layer);
  if (rest.length > 0) place(below as Tree, rest, layer);
}

/** The expression of a module by its dotted name; those that are called by a number are no identifiers. */
function path(name: string): string {
  return name
    .split('.')
    .reduce(
      (holder, part) => (isNumber(part) ? `getattr(${holder}, "${part}")` : `${holder}.${part}`),
      'self',
    );
}

const isNumber = (part: string): boolean => /^\d+$/.test(part);

function layerClass(kind: Layer['kind']): string {
  const { parameters, buffers, numbers, forward } = layers[kind];
  const list = (names: readonly string[]) => `[${names.map((name) => `"${name}", `).join('')}]`;
  const tensors = [...parameters, ...buffers].map((name) => `  ${name} : Tensor\n`);
  return `class ${kind}(Module):
  __parameters__ = ${list(parameters)}
  __buffers__ = ${list(buffers)}
${tensors.join('')}  training : bool
${numbers.map((name) => `  ${name} : int\n`).join('')}  def forward(self: ${namespace}.${kind},
    input: Tensor) -> Tensor:${forward}
`;
}

/** The class of a module that holds others, after those of the modules in it. @param body of the class */
function containerClasses(tree: Tree, name: string, body: string): string[] {
  const below: string[] = [];
  let attributes = '';
  for (const [part, child] of tree) {
    const type = childClass(name, part, child);
    if (child instanceof Map) below.push(...containerClasses(child, type, ''));
    attributes += isNumber(part)
      ? `  __annotations__["${part}"] = ${namespace}.${type}\n`
      : `  ${part} : ${namespace}.${type}\n`;
  }
  const head = `class ${name}(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n`;
  return [...below, head + attributes + body];
}

const childClass = (holder: string, part: string, child: Tree | Layer): string =>
  child instanceof Map ? `${holder}_${part}` : child.kind;

/** A module's object: its tensors, numbers and modules by their names. @param prefix of the tensors' names */
function instance(
  module: Tree | Layer,
  type: string,
  prefix: string,
  tensor: TensorPickler,
): Pickleable {
  const attributes: [string, Pickleable][] = [['training', false]];
  if (module instanceof Map) {
    for (const [part, child] of module) {
      const below = instance(child, childClass(type, part, child), `${prefix}${part}.`, tensor);
      attributes.push([part, below]);
    }
  } else {
    const { parameters, buffers } = layers[module.kind];
    for (const name of parameters) attributes.push([name, tensor(prefix + name, true)]);
    for (const name of buffers) attributes.push([name, tensor(prefix + name, false)]);
    attributes.push(...Object.entries(module.numbers));
  }
  return { instance: [namespace, type], attributes };
}
