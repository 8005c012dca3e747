import { spawnSync } from 'node:child_process';

/** What the scripts of other processes and threads begin with. */
export const head = `
  import { parentPort, Worker } from 'node:worker_threads';
  import { Classifier, setThreads } from '${new URL('../../lib/model/classifier.js', import.meta.url)}';
  setThreads(1);
  const options = { learningRate: 1e-3 };
  const make = () => new Classifier({ classes: ['a', 'b'], imageSize: 64 });
  const batch = (count) => ({
    pixels: new Uint8Array(count * 64 * 64 * 3), count, height: 64, width: 64,
    labels: new Int32Array(count),
  });
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
`;

/** How much longer than by itself a process may take: sanitizers slow it down (`npm run sanitize`). */
const slower = Number(process.env.GILLNET_TEST_SLOWER ?? 1);

/** Runs `source` as a module in a process of its own. */
export function runChild(source: string, ...flags: string[]) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, '--input-type=module', '--eval', head + source],
    { encoding: 'utf8', timeout: slower * 60_000 },
  );
  return { status, signal, stdout: stdout.trim(), stderr };
}
