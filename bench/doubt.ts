// How many labels that are known to be wrong are found, among how many others, and how long it takes:
//   node dist/bench/doubt.js --data FOLDER --weights FILE [--sizes 96,128,160,224] [--penalties 300] [--flips 0.05]
// Of the photos that the guard keeps of train and test, a share gets another label by lot, five times. What is found
// besides may be wrong, too: nobody knows all labels of FOLDER to be right.
import { parseArgs } from 'node:util';
import type { CatalogPhoto } from '../lib/catalog/catalog.js';
import { mean } from '../lib/metrics/arithmetic.js';
import type { IssueFilter } from '../lib/metrics/confident-learning.js';
import { Classifier, setThreads } from '../lib/model/classifier.js';
import { fitWeights, loadWeights } from '../lib/model/weights.js';
import { PixelCache } from '../lib/photos/cache.js';
import { PhotoReader } from '../lib/photos/reader.js';
import { doubtsOf } from '../lib/pipeline/doubt.js';
import { type Features, featuresOf } from '../lib/pipeline/features.js';
import type { GuardedPhoto } from '../lib/pipeline/guard.js';
import { random } from '../lib/random.js';
import { openStore } from '../lib/store/open.js';
import { keptPhotos } from './kept-photos.js';

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    weights: { type: 'string' },
    sizes: { type: 'string', default: '96,128,160,224' },
    penalties: { type: 'string', default: '300' },
    flips: { type: 'string', default: '0.05' },
  },
});
if (!flags.data || !flags.weights) throw new Error('--data FOLDER or --weights FILE is missing');
const numbers = (list: string) => list.split(',').map(Number);
const filters: IssueFilter[] = ['prune_by_noise_rate', 'both'];
const seeds = [1, 2, 3, 4, 5];

setThreads(undefined);
const { state } = await loadWeights(flags.weights);
const store = await openStore(flags.data);
const reader = new PhotoReader(store, new PixelCache(0));
const photos = await keptPhotos(store);
const labels = [...new Set(photos.map(({ label }) => label))].sort();
for (const size of numbers(flags.sizes)) {
  const seen = await look(size);
  for (const penalty of numbers(flags.penalties)) {
    for (const filter of filters) await measure(seen, filter, penalty);
  }
}

async function look(size: number): Promise<Features> {
  const classifier = new Classifier({ classes: ['any'], imageSize: size });
  await classifier.setState(fitWeights(state, await classifier.state()));
  const read = (photo: CatalogPhoto) => reader.pixels(photo, size);
  const began = performance.now();
  const looking = featuresOf({ classifier, parts: [photos], read, size, stage: 'doubt' });
  let next = await looking.next();
  while (!next.done) next = await looking.next();
  const seconds = (performance.now() - began) / 1000;
  console.log(`${size}²: ${next.value.photos.length} photos in ${seconds.toFixed(1)} s`);
  classifier.dispose();
  return next.value;
}

async function measure(seen: Features, filter: IssueFilter, penalty: number): Promise<void> {
  const options = { filter, penalty };
  const plain = await doubtsOf(seen, { ...options, seed: 1 });
  const rounds: Record<'seconds' | 'recall' | 'precision' | 'first' | 'found', number>[] = [];
  for (const seed of seeds) {
    const { photos, flipped } = mislabelled(seen.photos, seed);
    const began = performance.now();
    const { doubts } = await doubtsOf({ ...seen, photos }, { ...options, seed });
    const seconds = (performance.now() - began) / 1000;
    const isFlipped = doubts.map(({ photo }) => flipped.has(photo));
    const right = isFlipped.filter(Boolean).length;
    const first = isFlipped.slice(0, flipped.size).filter(Boolean).length;
    rounds.push({
      ...{ seconds, recall: right / flipped.size, precision: right / doubts.length },
      ...{ first: first / flipped.size, found: doubts.length },
    });
  }
  const of = (name: keyof (typeof rounds)[number]) => mean(rounds.map((round) => round[name])) ?? 0;
  const percent = (name: 'recall' | 'precision' | 'first') => `${(100 * of(name)).toFixed(1)} %`;
  console.log(
    `  penalty ${penalty}, ${filter}: ${percent('recall')} of the flipped labels found, ${percent('precision')} of the ` +
      `${of('found').toFixed(0)} finds are flipped, of the first ones ${percent('first')}; ` +
      `${plain.doubts.length} found where none is flipped; ${of('seconds').toFixed(2)} s`,
  );
}

/** The same photos, of which a share has another label. */
function mislabelled(photos: GuardedPhoto[], seed: number) {
  const draw = random(seed, 'flips');
  const chosen = draw.shuffle(photos).slice(0, Math.round(Number(flags.flips) * photos.length));
  const other = (photo: GuardedPhoto) =>
    draw.pick(labels.filter((label) => label !== photo.label) as [string, ...string[]]);
  const changed = new Map(chosen.map((photo) => [photo, { ...photo, label: other(photo) }]));
  return {
    photos: photos.map((photo) => changed.get(photo) ?? photo),
    flipped: new Set(changed.values()),
  };
}
