import { cpus } from 'node:os';
import type { FoundDevice } from './model/device.js';
import { loadAddon } from './native.js';

/** Where something was computed: what floating-point results may depend on, and nothing that names a person. */
export interface Machine {
  /** Of the system, as Node names it: `linux x64`. */
  platform: string;
  /** As the processor names itself. */
  processor: string;
  /** Of `NativeAddon.processorFeatures`. */
  features: string[];
  device: string;
  /** As the card names itself; an older file doesn't say. */
  card?: string | null;
  /** LibTorch's. */
  threads: number;
  node: string;
}

/** This machine, computing on the processor or on a card. @throws GillnetError ADDON */
export function machineOf({ device, card }: Pick<FoundDevice, 'device' | 'card'>): Machine {
  const addon = loadAddon();
  return {
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    features: addon.processorFeatures(),
    device,
    card: card?.name ?? null,
    threads: addon.threads(),
    node: process.versions.node,
  };
}
