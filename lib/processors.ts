import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/** What this process may compute on. */
export interface Processors {
  /** That it may run on. */
  logical: number;
  /** Cores among them; two hardware threads of one core share what convolutions wait for. */
  cores: number;
  /** Processors' worth of time that its control groups allow; null for all. */
  quota: number | null;
}

/**
 * Linux tells all of it; elsewhere each processor counts as a core.
 * @param root of the file system that is asked
 */
export function processors(root = '/'): Processors {
  const textOf = (...parts: string[]) => {
    try {
      return readFileSync(path.join(root, ...parts), 'utf8');
    } catch {
      return null;
    }
  };
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(textOf('proc/self/status') ?? '')?.[1];
  const logical = allowed === undefined ? null : listed(allowed);
  if (!logical) {
    const count = availableParallelism();
    return { logical: count, cores: count, quota: null };
  }
  const siblings = logical.map((processor) => {
    const topology = `sys/devices/system/cpu/cpu${processor}/topology`;
    return textOf(topology, 'thread_siblings_list')?.trim() ?? `${processor}`;
  });
  return { logical: logical.length, cores: new Set(siblings).size, quota: quotaBy(textOf) };
}

/** How many threads find a core each, all the time. At least 1. */
export function fittingThreads({ cores, quota }: Processors = processors()): number {
  // A thread too many is stopped for the rest of each period, and the others wait for it.
  return Math.max(1, Math.min(cores, Math.floor(quota ?? cores)));
}

/** `0-2,5` → 0, 1, 2, 5 */
function listed(text: string): number[] {
  return text.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** The tightest of the groups that the process is in: cgroup v2's cpu.max, v1's cpu.cfs_quota_us. */
function quotaBy(textOf: (...parts: string[]) => string | null): number | null {
  const quotas = (textOf('proc/self/cgroup') ?? '').split('\n').flatMap((line) => {
    // v2 names no controllers.
    const [, controllers = '', group = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers !== '' && !controllers.split(',').includes('cpu')) return [];
    return upwards(group).map((each) => {
      const textIn = (name: string) => textOf('sys/fs/cgroup', controllers, each, name) ?? '';
      const [quota, period] =
        controllers === ''
          ? textIn('cpu.max').split(' ')
          : [textIn('cpu.cfs_quota_us'), textIn('cpu.cfs_period_us')];
      return Number(quota) / Number(period);
    });
  });
  // Where there is no limit, v2 writes `max` for it, and v1 -1.
  const known = quotas.filter((quota) => quota > 0 && Number.isFinite(quota));
  return known.length > 0 ? Math.min(...known) : null;
}

/** `/a/b` → `/a/b`, `/a`, `/`: a group has at most what those around it have. In a container the last is its own. */
function upwards(group: string): string[] {
  const parent = path.posix.dirname(group);
  return parent === group ? [group] : [group, ...upwards(parent)];
}
