import { GillnetError } from '../errors.js';

/** Of an operation on all ranks, unless something else is asked for. */
export const defaultRankSeconds = 60;

/** This process among those that train together, as PyTorch's launchers tell it. */
export interface Placement {
  /** 0…size-1 */
  rank: number;
  size: number;
  /** How many of them run on this machine, as far as it is known. */
  onThisMachine: number;
  /** Its place among those, from 0: the card that is its own. */
  local: number;
  /** Where the store of keys is. */
  host: string;
  port: number;
  /** Whether this process holds the store. */
  hosts: boolean;
  /** Of the store's keys: a group that was started again must not read those of the one before. */
  prefix: string;
  /** Of the network to go by; empty for the one by which the store is reached. */
  interface: string;
}

/**
 * By the environment that torchrun sets, and Slurm, Kubernetes' training operator and compose for PyTorch's sake:
 * `RANK`, `WORLD_SIZE`, `MASTER_ADDR`, `MASTER_PORT`; `LOCAL_RANK`, `LOCAL_WORLD_SIZE`, `TORCHELASTIC_USE_AGENT_STORE`,
 * `TORCHELASTIC_RESTART_COUNT` and `GLOO_SOCKET_IFNAME` where they are there.
 * @returns null for a process that trains alone
 * @throws GillnetError USAGE
 */
export function placementOf(env: NodeJS.ProcessEnv = process.env): Placement | null {
  if (!env.WORLD_SIZE) return null;
  const size = wholeNumber(env, 'WORLD_SIZE', 1, 65536);
  if (size === 1) return null;
  const rank = wholeNumber(env, 'RANK', 0, size - 1);
  const host = env.MASTER_ADDR;
  if (!host) throw missing('MASTER_ADDR', 'the address of rank 0');
  const here = /^(127\.|localhost$|::1$)/.test(host) ? size : 1;
  const onThisMachine = env.LOCAL_WORLD_SIZE ? wholeNumber(env, 'LOCAL_WORLD_SIZE', 1, size) : here;
  return {
    ...{ rank, size, host, onThisMachine },
    port: wholeNumber(env, 'MASTER_PORT', 1, 65535),
    local: env.LOCAL_RANK ? wholeNumber(env, 'LOCAL_RANK', 0, size - 1) : rank % onThisMachine,
    // torchrun's own process holds the store otherwise.
    hosts: rank === 0 && env.TORCHELASTIC_USE_AGENT_STORE !== 'True',
    prefix: `gillnet/${env.TORCHELASTIC_RESTART_COUNT || '0'}`,
    interface: env.GLOO_SOCKET_IFNAME ?? '',
  };
}

function wholeNumber(env: NodeJS.ProcessEnv, name: string, low: number, high: number): number {
  const text = env[name];
  if (!text) throw missing(name, `a whole number from ${low} to ${high}`);
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= low && value <= high) return value;
  throw new GillnetError(
    'USAGE',
    `Expected a whole number from ${low} to ${high} for ${name} but received ${text}.`,
  );
}

function missing(name: string, expected: string): GillnetError {
  return new GillnetError(
    'USAGE',
    `WORLD_SIZE is set, so that this is one of several ranks, but ${name} is not: expected ${expected}. ` +
      'Start the ranks by torchrun or as PyTorch is started, or unset WORLD_SIZE to train in one process.',
  );
}
