/**
 * Training speed beside PyTorch: both programs train the same network on batches of the same size and
 * take turns, so that the machine's drift meets both.
 *
 *   node dist/bench/train-step.js [--python PYTHON] [--rounds 8] [--steps 4]
 *
 * PYTHON is a Python with torch 2.x and torchvision (default python3). Prints each program's images a
 * second, median of the rounds, and the ratio gillnet / PyTorch, median of the rounds' own ratios.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { CatalogPhoto } from '../lib/catalog/catalog.js';
import { Classifier, setThreads } from '../lib/model/classifier.js';
import { loadAddon } from '../lib/native.js';
import { recipes } from '../lib/pipeline/recipe.js';
import { train } from '../lib/pipeline/train.js';
import { random } from '../lib/random.js';

const recipe = { ...recipes.classic, epochs: 1 };
const classes = ['a', 'b', 'c', 'd', 'e'];

/** Answers each line `N` on stdin with the seconds that N steps of `train` took. */
async function serveSteps(): Promise<void> {
  setThreads(undefined);
  const { imageSize, optimizer, batchSize } = recipe;
  const classifier = new Classifier({ classes, imageSize, optimizer, seed: 1 });
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
    `ready gillnet on LibTorch ${loadAddon().libtorchVersion}, batch ${batchSize}\n`,
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

class Contestant {
  readonly rates: number[] = [];
  #child: ChildProcess;
  #lines: AsyncIterator<string>;

  constructor(program: string, args: string[]) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[
      Symbol.asyncIterator
    ]();
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('A program ended early; its reason stands above.');
    return value;
  }

  /** @returns images a second over `steps` steps */
  async run(steps: number): Promise<number> {
    this.#child.stdin?.write(`${steps}\n`);
    return (steps * recipe.batchSize) / Number(await this.line());
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    await once(this.#child, 'close');
  }
}

const median = (values: number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

async function compare(python: string, rounds: number, steps: number): Promise<void> {
  const peer = fileURLToPath(new URL('../../bench/train_step.py', import.meta.url));
  const gillnet = new Contestant(process.execPath, [fileURLToPath(import.meta.url), '--serve']);
  const pytorch = new Contestant(python, [
    peer,
    String(recipe.batchSize),
    String(recipe.imageSize),
  ]);
  for (const each of [gillnet, pytorch]) console.log((await each.line()).replace(/^ready /, ''));
  for (const each of [gillnet, pytorch]) await each.run(2);

  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Who begins alternates.
    const order = round % 2 === 0 ? [gillnet, pytorch] : [pytorch, gillnet];
    for (const each of order) each.rates.push(await each.run(steps));
    ratios.push((gillnet.rates.at(-1) as number) / (pytorch.rates.at(-1) as number));
  }
  for (const each of [gillnet, pytorch]) await each.end();
  console.log(
    `gillnet ${median(gillnet.rates).toFixed(1)} images/s, PyTorch ${median(pytorch.rates).toFixed(1)} images/s`,
  );
  console.log(
    `ratio ${median(ratios).toFixed(3)} (${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)}, ${rounds} rounds of ${steps} steps)`,
  );
}

const { values } = parseArgs({
  options: {
    serve: { type: 'boolean' },
    python: { type: 'string', default: 'python3' },
    rounds: { type: 'string', default: '8' },
    steps: { type: 'string', default: '4' },
  },
});
if (values.serve) await serveSteps();
else await compare(values.python, Number(values.rounds), Number(values.steps));
