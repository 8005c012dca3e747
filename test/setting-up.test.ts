import './support/small-network.js';
import * as assert from 'uvu/assert';
import { settingUp } from '../lib/commands/training/setting-up.js';
import type { Settings } from '../lib/config.js';
import { GillnetError } from '../lib/errors.js';
import { Inbox } from '../lib/inbox.js';
import type { GillnetEvent } from '../lib/pipeline/events.js';
import { guard } from '../lib/pipeline/guard.js';
import type { Answer } from '../lib/pipeline/proposal.js';
import { failsWith } from './support/errors.js';
import { collect, ofType } from './support/events.js';
import { photo } from './support/photos.js';
import { suite, temporaryFolder } from './support/suite.js';
import { photos, read } from './support/training.js';

const test = suite('setting up');

const settings: Settings = {
  ...{ catalog: 'none', models: 'none', runs: 'none', device: 'auto', policy: 'quarantine' },
  ...{
    validation: 'split',
    valFraction: 0.2,
    memory: 1e9,
    downloadCache: 0,
    split: 'test',
  },
  ...{ weights: 'none', batchSize: 4, imageSize: 64, recipe: 'classic', threads: 1 },
};
const tests = ['dark', 'light', 'light'].map((label, index) =>
  photo({ key: `test/${index}`, label, split: 'test' }),
);
const { kept } = guard([...photos, ...tests], 'quarantine');

/** Answers each event as `answer` says. */
async function settled(
  changes: Partial<Settings>,
  answer: (event: GillnetEvent, put: (given: Answer) => void, abort: AbortController) => void,
) {
  const answers = new Inbox<Answer>();
  const abort = new AbortController();
  return collect(
    settingUp({
      photos: kept,
      reader: { pixels: read },
      data: 'photos',
      settings: { ...settings, ...changes },
      answers,
      signal: abort.signal,
    }),
    (event) => answer(event, (given) => answers.put(given), abort),
  );
}

const startAtOnce: Parameters<typeof settled>[1] = (event, put) => {
  if (event.type === 'proposed') put({ kind: 'start', choice: event.choice });
};

test('it proposes what the flags say, and what is there', async () => {
  const { events, result } = await settled({ epochs: 3 }, startAtOnce);
  const [proposed] = ofType(events, 'proposed');
  assert.equal(proposed?.choice, {
    ...{ recipe: 'classic', epochs: 3, batchSize: 4, lr: undefined, imageSize: 64 },
    ...{ architecture: 'resnet18', weights: 'none', device: 'auto' },
  });
  assert.equal(proposed?.classes, [
    { label: 'dark', train: 6, val: 1, test: 1 },
    { label: 'light', train: 6, val: 1, test: 2 },
  ]);
  assert.equal(
    proposed?.weights.map(({ source }) => source),
    ['none', 'imagenet'],
  );
  assert.equal(result, { ...settings, architecture: 'resnet18', epochs: 3, lr: undefined });
  assert.equal(ofType(events, 'measured'), [], 'whoever starts at once waits for nothing');
});

test('it measures what is looked at, and trains with what was chosen', async () => {
  const { events, result } = await settled({}, (event, put) => {
    if (event.type !== 'measured') return;
    const { choice } = event;
    if (choice.batchSize === 4) put({ kind: 'measure', choice: { ...choice, batchSize: 2 } });
    else put({ kind: 'start', choice: { ...choice, epochs: 7 } });
  });
  const timings = ofType(events, 'measured').map(({ timing }) => timing);
  assert.is(timings.length, 2);
  for (const timing of timings) {
    assert.ok(timing && timing.step > timing.judgement && timing.judgement > 0, `${timing?.step}`);
  }
  assert.is(result.batchSize, 2);
  assert.is(result.epochs, 7);
});

test('what can’t be measured is told, and stops nothing', async () => {
  const unreadable = () => Promise.reject(new GillnetError('NOT_FOUND', 'gone'));
  const answers = new Inbox<Answer>();
  const { events } = await collect(
    settingUp({
      ...{ photos: kept, reader: { pixels: unreadable }, data: 'photos', settings, answers },
      signal: new AbortController().signal,
    }),
    (event) => {
      if (event.type === 'measured') answers.put({ kind: 'start', choice: event.choice });
    },
  );
  assert.is(ofType(events, 'measured')[0]?.timing, null);
});

test('weights that can’t be fetched are told of before the training, and others proposed', async () => {
  const { fetch } = globalThis;
  process.env.GILLNET_CACHE = temporaryFolder();
  globalThis.fetch = async () => new Response('', { status: 503 });
  try {
    const { events, result } = await settled({ weights: 'imagenet' }, startAtOnce);
    const [first, second] = ofType(events, 'proposed');
    assert.is(first?.refused, null);
    assert.match(second?.refused ?? '', /503.*--weights FILE.*Random weights are chosen for now/);
    assert.is(second?.choice.weights, 'none');
    assert.is(result.weights, 'none');
  } finally {
    globalThis.fetch = fetch;
  }
});

test('a file of weights that is not there ends it at once, as without a person', async () => {
  await failsWith('NOT_FOUND', () => settled({ weights: 'gone.pth' }, startAtOnce));
});

test('leaving ends it, also while it measures', async () => {
  const left = new GillnetError('INTERRUPTED', 'left');
  await failsWith('INTERRUPTED', () =>
    settled({}, (event, _, abort) => {
      if (event.type === 'proposed') setTimeout(() => abort.abort(left), 20);
    }),
  );
});

test.run();
