import { spawn } from 'node:child_process';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { writeSample } from '../../lib/sample/write.js';
import { type Ended, ended, type Running, running, startGillnet } from './command.js';
import { collect, ofType } from './events.js';
import type { Namespaces } from './namespaces.js';
import { environments } from './ranks.js';
import { root, temporaryFolder } from './suite.js';

/** Trainings on several ranks, as PyTorch's launchers start them, on half of the drawn sample set. */

export const work = temporaryFolder();
export const cli = [process.execPath, path.join(root, 'scripts/gillnet.mjs')];
/** Of a short training that several ranks do as one does. */
export const args = [
  ...['train', '--json', '--weights', 'none', '--image-size', '64'],
  ...['--threads', '1', '--lr', '1e-4'],
  ...['--rank-timeout', '30', '--checkpoint-seconds', '2', '--sync-batch-norm'],
];

/** Puts drawn photos into the catalog. An epoch of them is six steps. */
export async function drawSample(): Promise<void> {
  const perClass = { train: 50, test: 12 };
  await collect(writeSample(path.join(work, 'sample'), { seed: 1, perClass }));
  const { status, stderr } = await alone(['extract', '--data', 'sample', '--json']);
  assert.is(status, 0, stderr);
}

type Side = Partial<Namespaces['sides'][number]>;

/** A command alone, in the folder of all trainings. */
export const alone = (given: string[]): Promise<Ended> => ended(startGillnet(given, { cwd: work }));

/** Starts a command as each of `size` ranks; each side of two namespaces has every second one. */
export async function start(
  size: number,
  given: string[],
  sides: Side[] = [{}],
): Promise<Running[]> {
  return (await environments(size, sides[0]?.host)).map((env, rank) => {
    const { command = [] } = sides[rank % sides.length] as Side;
    const [program = '', ...rest] = [...command, ...cli, ...given];
    const child = spawn(program, rest, {
      cwd: work,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return running(child);
  });
}

/** How both of two ranks end. */
export const bothOf = async (ranks: Running[]) =>
  (await Promise.all(ranks.map(({ end }) => end))) as [Ended, Ended];

export const errorOf = ({ events }: Ended): string => ofType(events, 'error')[0]?.message ?? '';
