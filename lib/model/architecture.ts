import type { NativeArchitecture, NativeState, NativeTensor } from '../native.js';
import { tensorsOf } from './graph.js';
import { parameterCount } from './state.js';

/** Those that gillnet trains, by torchvision's names; `imagenet.ts` has their weights. */
export const architectures = {
  resnet18: { title: 'ResNet-18', shape: { block: 'basic', layers: [2, 2, 2, 2] } },
  resnet34: { title: 'ResNet-34', shape: { block: 'basic', layers: [3, 4, 6, 3] } },
  resnet50: { title: 'ResNet-50', shape: { block: 'bottleneck', layers: [3, 4, 6, 3] } },
} satisfies Record<string, { title: string; shape: NativeArchitecture }>;

export type Architecture = keyof typeof architectures;

export const defaultArchitecture: Architecture = 'resnet18';

export function isArchitecture(name: unknown): name is Architecture {
  return typeof name === 'string' && Object.hasOwn(architectures, name);
}

export function shapeOf(architecture: Architecture): NativeArchitecture {
  return architectures[architecture].shape;
}

/** As people write it. */
export function titleOf(architecture: Architecture): string {
  return architectures[architecture].title;
}

/** Whose tensors these are, by the convolutions of the blocks; null for none of them. */
export function architectureOf(state: NativeState): Architecture | null {
  const found = convolutionsOf(Object.entries(state));
  const names = Object.keys(architectures) as Architecture[];
  return names.find((name) => convolutionsOf(tensorsOf(shapeOf(name), 1)) === found) ?? null;
}

/** Names and shapes, in words that are equal where they are. */
function convolutionsOf(tensors: Iterable<[string, Pick<NativeTensor, 'shape'>]>): string {
  return [...tensors]
    .filter(([name]) => /^layer\d+\.\d+\.conv\d+\.weight$/.test(name))
    .map(([name, { shape }]) => `${name} ${shape}`)
    .sort()
    .join();
}

/** Trainable values, with a head of one class. */
export function parametersOf(architecture: Architecture): number {
  return parameterCount(Object.fromEntries(tensorsOf(shapeOf(architecture), 1)));
}

/** Channels that the head sees, and that the last layer gives. */
export function widthOf(architecture: Architecture): number {
  return tensorsOf(shapeOf(architecture), 1).get('fc.weight')?.shape[1] as number;
}
