/**
 * Training speed beside PyTorch, eager and compiled: the programs train the same network on batches of the same size
 * and take turns.
 *
 *   node dist/bench/train-step.js [--python PYTHON] [--dtype float32] [--rounds 8] [--steps 4] [--eager-only] [--json]
 *
 * PYTHON is a Python with torch 2.x and torchvision (default python3). Tells each program's images a second.
 */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { CatalogPhoto } from '../lib/catalog/catalog.js';
import { Classifier, setThreads } from '../lib/model/classifier.js';
import { dtypes } from '../lib/model/dtype.js';
import { type Dtype, loadAddon } from '../lib/native.js';
import { recipes } from '../lib/pipeline/recipes.js';
import { train } from '../lib/pipeline/train.js';
import { random } from '../lib/random.js';
import { version } from '../lib/version.js';
import { type Contestant, Program, takeTurns, tell } from './pairs.js';

const recipe = { ...recipes.classic, epochs: 1 };
const classes = ['a', 'b', 'c', 'd', 'e'];

/** Answers each line `N` on stdin with the seconds that N steps of `train` took. */
async function serveSteps(dtype: Dtype): Promise<void> {
  setThreads(undefined);
  const { imageSize, optimizer, batchSize } = recipe;
  const classifier = new Classifier({ classes, imageSize, optimizer, dtype, seed: 1 });
  const noise = random(1, 'bench');
  const pixels = Array.from({ length: 64 }, () =>
    Uint8Array.from({ length: imageSize ** 2 * 3 }, () => noise.integer(256)),
  );
  // Enough photos that the epoch never ends; their pixels are in memory, as from the second epoch on.
  const photos = Array.from(
    { length: 100_000 },
    (_, index) => ({ key: String(index), label: classes[index % 5] }) as CatalogPhoto,
  );
  const events = train({
    ...{
      classifier,
      train: photos,
      val: [],
      recipe,
      seed: 1,
      checkpointSeconds: Number.POSITIVE_INFINITY,
    },
    readForTraining: async ({ key }) => pixels[Number(key) % pixels.length] as Uint8Array,
    readForJudging: async () => new Uint8Array(),
    keepCheckpoint: async () => {},
  });
  process.stdout.write(
    `ready gillnet ${version} on LibTorch ${loadAddon().libtorchVersion}, batch ${batchSize}\n`,
  );
  for await (const line of createInterface({ input: process.stdin })) {
    const began = performance.now();
    for (let left = Number(line); left > 0; ) {
      const { value } = await events.next();
      if (value && 'type' in value && value.type === 'step') left -= 1;
    }
    process.stdout.write(`${(performance.now() - began) / 1000}\n`);
  }
  process.stderr.write(
    `gillnet: peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MB\n`,
  );
  process.exit();
}

/** Trains `steps` steps a turn, and gives images a second. */
async function contestant(program: string, args: string[], steps: number): Promise<Contestant> {
  const child = new Program(program, args);
  return {
    name: await child.ready(),
    turn: async () => (steps * recipe.batchSize) / Number(await child.answer(`${steps}`)),
    end: () => child.end(),
  };
}

async function comparePrograms(dtype: Dtype, rounds: number, steps: number): Promise<void> {
  const script = fileURLToPath(new URL('../../bench/train_step.py', import.meta.url));
  const args = [script, String(recipe.batchSize), String(recipe.imageSize), dtype];
  const gillnet = await contestant(
    process.execPath,
    [fileURLToPath(import.meta.url), '--serve', '--dtype', dtype],
    steps,
  );
  const peers = [{ name: 'PyTorch', peer: await contestant(values.python, args, steps) }];
  if (!values['eager-only']) {
    const peer = await contestant(values.python, [...args, '--compile'], steps);
    peers.push({ name: 'PyTorch with torch.compile', peer });
  }
  const all = [gillnet, ...peers.map(({ peer }) => peer)];
  const [ours, ...theirs] = await takeTurns(all, rounds);
  for (const each of all) await each.end();
  peers.forEach(({ name, peer }, index) => {
    const about = {
      name: `training step, ${dtype}, vs ${name}`,
      ...{ unit: 'images/s', goal: '≥ 1.1', command: 'npm run bench -- train-step' },
      versions: { ours: gillnet.name, theirs: peer.name },
    };
    tell(about, ours, theirs[index], values.json);
  });
}

const { values } = parseArgs({
  options: {
    serve: { type: 'boolean' },
    python: { type: 'string', default: 'python3' },
    dtype: { type: 'string', default: 'float32' },
    rounds: { type: 'string', default: '8' },
    steps: { type: 'string', default: '4' },
    'eager-only': { type: 'boolean' },
    json: { type: 'boolean' },
  },
});
const dtype = dtypes.find((each) => each === values.dtype);
if (!dtype) throw new Error(`Expected --dtype ${dtypes.join(' or ')}`);
if (values.serve) await serveSteps(dtype);
else await comparePrograms(dtype, Number(values.rounds), Number(values.steps));
