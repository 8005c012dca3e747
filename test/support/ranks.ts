import type { ChildProcess } from 'node:child_process';
import * as assert from 'uvu/assert';
import { freePort } from '../servers/ports.js';
import { type Ended, ended, startModule } from './command.js';

/** A process of a group, which prints JSON lines. */
export interface RankProcess {
  child: ChildProcess;
  /** How it ended, and what it printed. */
  ended: Promise<Ended & { told: unknown[] }>;
}

/** What the scripts of ranks begin with. */
const head = `
  import { Ranks } from '${new URL('../../lib/ranks/ranks.js', import.meta.url)}';
  import { placementOf } from '${new URL('../../lib/ranks/placement.js', import.meta.url)}';
  import { Classifier, setThreads } from '${new URL('../../lib/model/classifier.js', import.meta.url)}';
  setThreads(1);
  const tell = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
  const signal = new AbortController().signal;
  const seconds = Number(process.env.SECONDS);
`;

/** The environment of each rank of a group. @param host the machine of rank 0 */
export async function environments(
  size: number,
  host = '127.0.0.1',
): Promise<Record<string, string>[]> {
  const port = await freePort();
  return Array.from({ length: size }, (_, rank) => ({
    RANK: `${rank}`,
    WORLD_SIZE: `${size}`,
    LOCAL_RANK: `${rank}`,
    MASTER_ADDR: host,
    MASTER_PORT: `${port}`,
  }));
}

/**
 * Runs `source` as a module in `size` processes, which have three minutes.
 * @param seconds the group's time-out
 */
export async function startRanks(
  size: number,
  source: string,
  seconds = 20,
): Promise<RankProcess[]> {
  return (await environments(size)).map((env) => {
    const child = startModule(head + source, [], {
      env: { ...process.env, ...env, SECONDS: `${seconds}` },
      timeout: 180_000,
      killSignal: 'SIGKILL',
    });
    const told = ({ stdout }: Ended) =>
      stdout.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []));
    return { child, ended: ended(child).then((end) => ({ ...end, told: told(end) })) };
  });
}

/** What each rank of a script told, which all have to end well. */
export async function toldBy(size: number, source: string): Promise<unknown[][]> {
  const ended = await Promise.all((await startRanks(size, source)).map(({ ended }) => ended));
  for (const { status, stderr } of ended) assert.is(status, 0, stderr);
  for (const { stderr } of ended) assert.is(stderr, '');
  return ended.map(({ told }) => told);
}

export const joined = `
  const ranks = await Ranks.join(placementOf(), { seconds, signal });
  await ranks.connect(signal);
`;
export const parted = `
  if (ranks.leads) await ranks.end({ interrupted: false });
  else tell(await ranks.outcome());
  await ranks.leave();
`;
