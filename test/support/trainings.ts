import { spawn } from 'node:child_process';
import path from 'node:path';
import { type Ended, ended, type Running, running, startGillnet } from './command.js';
import { ofType } from './events.js';
import { environments } from './ranks.js';
import { root, temporaryFolder } from './suite.js';

/** Trainings on several ranks, as PyTorch's launchers start them, on the drawn sample set. */

export const work = temporaryFolder();
export const cli = [process.execPath, path.join(root, 'scripts/gillnet.mjs')];
/** Of a short training that several ranks do as one does. */
export const args = [
  ...['train', '--json', '--weights', 'none', '--image-size', '64'],
  ...['--threads', '1', '--lr', '1e-4'],
  ...['--rank-timeout', '30', '--checkpoint-seconds', '2', '--sync-batch-norm'],
];

interface Place {
  command?: string[];
  host?: string;
}

/** A command alone, in the folder of all trainings. */
export const alone = (given: string[]): Promise<Ended> => ended(startGillnet(given, { cwd: work }));

/** Starts a command as each of `size` ranks; each side of two namespaces has every second one. */
export async function start(
  size: number,
  given: string[],
  sides: Place[] = [{}],
): Promise<Running[]> {
  return (await environments(size, sides[0]?.host)).map((env, rank) => {
    const { command = [] } = sides[rank % sides.length] as Place;
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
