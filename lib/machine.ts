import { cpus } from 'node:os';
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
  /** LibTorch's. */
  threads: number;
  node: string;
}

/** This machine, computing on `device`. @throws GillnetError ADDON */
export function machineOf(device: string): Machine {
  const addon = loadAddon();
  return {
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    features: addon.processorFeatures(),
    device,
    threads: addon.threads(),
    node: process.versions.node,
  };
}
