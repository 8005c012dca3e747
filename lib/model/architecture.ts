import type { NativeArchitecture, NativeState } from '../native.js';

/** Those that gillnet trains, by torchvision's names. */
export const architectures = {
  resnet18: { block: 'basic', layers: [2, 2, 2, 2] },
  resnet34: { block: 'basic', layers: [3, 4, 6, 3] },
  resnet50: { block: 'bottleneck', layers: [3, 4, 6, 3] },
} satisfies Record<string, NativeArchitecture>;

export type Architecture = keyof typeof architectures;

export const defaultArchitecture: Architecture = 'resnet18';

export function isArchitecture(name: unknown): name is Architecture {
  return typeof name === 'string' && Object.hasOwn(architectures, name);
}

/** As people write it: `ResNet-18`. */
export function titleOf(architecture: Architecture): string {
  return architecture.replace('resnet', 'ResNet-');
}

/** Whose tensors these are, by their names alone; null for none of them. */
export function architectureOf(state: NativeState): Architecture | null {
  const has = (name: string) => Object.hasOwn(state, name);
  const block = has('layer1.0.conv3.weight') ? 'bottleneck' : 'basic';
  const blocks = (layer: number) => {
    let count = 0;
    while (has(`layer${layer}.${count}.conv2.weight`)) count += 1;
    return count;
  };
  const layers = [1, 2, 3, 4].map(blocks).join();
  const names = Object.keys(architectures) as Architecture[];
  return (
    names.find((name) => {
      const shape = architectures[name];
      return shape.block === block && shape.layers.join() === layers;
    }) ?? null
  );
}

/** Channels that the head sees, and that the last layer gives. */
export function widthOf(architecture: Architecture): number {
  return architectures[architecture].block === 'basic' ? 512 : 2048;
}
