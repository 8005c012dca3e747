/** A ResNet's shape (He et al. 2015, arXiv:1512.03385, table 1). */
export interface ArchitectureShape {
  /** `basic`: two 3×3 convolutions. `bottleneck`: 1×1, 3×3 with the stride, 1×1 to four times the channels. */
  block: 'basic' | 'bottleneck';
  /** Blocks in each of the four layers. */
  layers: [number, number, number, number];
}

/** Those that gillnet trains, by torchvision's names. */
export const architectures = {
  resnet18: { block: 'basic', layers: [2, 2, 2, 2] },
  resnet34: { block: 'basic', layers: [3, 4, 6, 3] },
  resnet50: { block: 'bottleneck', layers: [3, 4, 6, 3] },
} satisfies Record<string, ArchitectureShape>;

export type Architecture = keyof typeof architectures;

export const defaultArchitecture: Architecture = 'resnet18';

export function isArchitecture(name: unknown): name is Architecture {
  return typeof name === 'string' && Object.hasOwn(architectures, name);
}

/** As people write it: `ResNet-18`. */
export function titleOf(architecture: Architecture): string {
  return architecture.replace('resnet', 'ResNet-');
}

/** Channels that the head sees, and that the last layer gives. */
export function widthOf(architecture: Architecture): number {
  return architectures[architecture].block === 'basic' ? 512 : 2048;
}
