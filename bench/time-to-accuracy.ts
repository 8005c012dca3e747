/**
 * How long recipes train, and how right they are then, beside the original's Python on the same photos: those that the
 * guard keeps, parted in the same way.
 *
 *   node dist/bench/time-to-accuracy.js DATA --weights FILE [--recipes classic,…] [--seeds 1] [--python PYTHON]
 *     [--epochs N] [--flags '--image-size 128']
 *
 * Prints a line of JSON for each seed and program, as it ends; what takes place meanwhile goes to stderr. `seconds` are
 * those of the training: from the first look at weights and photos until the model is there, without the photos'
 * extraction, the guard and the test. `--epochs` is for both programs, for a look that is over sooner; `--flags` are
 * further ones of `gillnet run`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { ManifestPhoto } from '../lib/model/manifest.js';
import type { GillnetEvent } from '../lib/pipeline/events.js';
import { openStore } from '../lib/store/open.js';
import { version } from '../lib/version.js';
import { keptPhotos } from './kept-photos.js';
import { machineInWords } from './pairs.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    weights: { type: 'string' },
    recipes: { type: 'string', default: 'classic' },
    seeds: { type: 'string', default: '1' },
    python: { type: 'string' },
    epochs: { type: 'string' },
    flags: { type: 'string', default: '' },
  },
});
const [data] = positionals;
if (!data || !flags.weights) throw new Error('DATA or --weights FILE is missing');
const weights = path.resolve(flags.weights);
const epochs = flags.epochs ? ['--epochs', flags.epochs] : [];

/** One training, judged. */
interface Trained {
  seconds: number;
  valAccuracy: number;
  testAccuracy: number;
}

/** Runs a program, told by `line` what it prints. */
async function runs(program: string, args: string[], line: (text: string) => void): Promise<void> {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  for await (const text of createInterface({ input: child.stdout })) line(text);
  const [status, signal] = await closed;
  if (status !== 0) throw new Error(`${program} ${args[0]} ended with ${signal ?? status}.`);
}

function tellEpoch({ epoch, valAccuracy, seconds }: GillnetEvent<'epoch'>): void {
  console.error(`gillnet: epoch ${epoch}, ${valAccuracy.toFixed(3)}, in ${seconds.toFixed(0)} s`);
}

async function trainGillnet(recipe: string, seed: string, work: string) {
  const told = new Map<string, GillnetEvent>();
  const places = ['--data', path.resolve(data as string), '--catalog', `sqlite:${work}/catalog.db`];
  const outcome = ['--runs', path.join(work, 'runs'), '--models', path.join(work, 'models')];
  const chosen = ['--weights', weights, '--recipe', recipe, '--seed', seed, ...epochs];
  const given = flags.flags.split(' ').filter(Boolean);
  const args = ['run', ...places, ...outcome, ...chosen, ...given, '--json', '--yes'];
  await runs(process.execPath, ['scripts/gillnet.mjs', ...args], (text) => {
    const happened: GillnetEvent = JSON.parse(text);
    if (happened.type === 'epoch') tellEpoch(happened);
    // Of the stages only the training's begin counts.
    if (happened.type !== 'stage' || happened.stage === 'train') told.set(happened.type, happened);
  });
  const [began, saved] = [told.get('stage'), told.get('saved')];
  const started = told.get('started') as GillnetEvent<'started'>;
  const done = told.get('done') as GillnetEvent<'done'>;
  if (!began || !saved || done?.valAccuracy == null || done.testAccuracy === null) {
    throw new Error('gillnet left no model that was judged.');
  }
  const trained: Trained = {
    seconds: (Date.parse(saved.time) - Date.parse(began.time)) / 1000,
    valAccuracy: done.valAccuracy,
    testAccuracy: done.testAccuracy,
  };
  return { trained, photos: path.join(work, 'runs', started.run, 'photos.json') };
}

/** The run's photos, and those of test that the guard keeps: `{ role, label, key }[]`, a file in `work`. */
async function photosFor(manifest: string, work: string): Promise<string> {
  const used: ManifestPhoto[] = JSON.parse(await readFile(manifest, 'utf8'));
  const kept = await keptPhotos(await openStore(data as string));
  const tested = kept.filter(({ split }) => split === 'test');
  const listed = [...used, ...tested.map((photo) => ({ ...photo, role: 'test' }))];
  const file = path.join(work, 'photos.json');
  await writeFile(
    file,
    JSON.stringify(listed.map(({ role, label, key }) => ({ role, label, key }))),
  );
  return file;
}

async function trainPython(python: string, photos: string, seed: string) {
  let printed = '';
  const args = ['bench/classic.py', photos, path.resolve(data as string), weights];
  await runs(python, [...args, '--seed', seed, ...epochs], (text) => {
    printed = text;
  });
  return JSON.parse(printed) as Trained & { version: string };
}

const machine = machineInWords();
function tell(seed: string, recipe: string, program: string, trained: Trained): void {
  const time = new Date().toISOString();
  const { seconds, valAccuracy, testAccuracy } = trained;
  const facts = { seed: Number(seed), recipe, program, seconds, valAccuracy, testAccuracy };
  console.log(JSON.stringify({ ...facts, epochs: flags.epochs ?? null, machine, time }));
}

for (let seed = 1; seed <= Number(flags.seeds); seed += 1) {
  const work = await mkdtemp(path.join(tmpdir(), 'gillnet-bench-'));
  try {
    let photos = '';
    for (const recipe of flags.recipes.split(',')) {
      const run = await trainGillnet(recipe, String(seed), work);
      photos = run.photos;
      tell(String(seed), recipe, `gillnet ${version}`, run.trained);
    }
    if (!flags.python) continue;
    const { version: torch, ...trained } = await trainPython(
      flags.python,
      await photosFor(photos, work),
      String(seed),
    );
    tell(String(seed), 'classic', `Python, PyTorch ${torch}`, trained);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
