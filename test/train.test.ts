import './support/small-network.js';
import * as assert from 'uvu/assert';
import type { CatalogPhoto } from '../lib/catalog/catalog.js';
import { GillnetError } from '../lib/errors.js';
import { Classifier } from '../lib/model/classifier.js';
import type { Recipe } from '../lib/model/recipe.js';
import type { GillnetEvent } from '../lib/pipeline/events.js';
import { Pictures } from '../lib/pipeline/pictures.js';
import type { Checkpoint } from '../lib/pipeline/progress.js';
import { failsWith } from './support/errors.js';
import { ofType } from './support/events.js';
import { sameState } from './support/native.js';
import { suite } from './support/suite.js';
import {
  classes,
  read,
  recipe,
  size,
  trained,
  training,
  val,
  wholeTraining,
} from './support/training.js';

const test = suite('train');

/** Of the head alone, by statistics that stay: as a whole training for all but the weights, and each step of little work. */
const light: Recipe = { ...recipe, factors: [0, 0, 0, 0, 0, 1], frozenStatistics: true };
/** The head first, which tells dark from light at once. */
const headFirst: Recipe = { ...light, headPenalty: 1 };

test('training learns, and tells every step and epoch', async () => {
  const { events, interrupted, best } = await wholeTraining();
  assert.is(interrupted, false);
  const epochs = ofType(events, 'epoch');
  assert.equal(
    epochs.map(({ epoch }) => epoch),
    [1, 2, 3],
  );
  assert.equal(
    ofType(events, 'step')
      .map(({ epoch, step, steps }) => [epoch, step, steps])
      .slice(0, 4),
    [
      [1, 1, 3],
      [1, 2, 3],
      [1, 3, 3],
      [2, 1, 3],
    ],
  );
  assert.ok((epochs[2]?.trainLoss ?? 9) < (epochs[0]?.trainLoss ?? 0), 'the loss falls');
  const accuracies = epochs.map(({ valAccuracy }) => valAccuracy);
  const firstBest = accuracies.indexOf(Math.max(...accuracies));
  assert.is(
    epochs.findLastIndex(({ best }) => best),
    firstBest,
    'the earliest of the best',
  );
  assert.ok(best);
});

test('training accuracy counts what was told right of the photos as they were trained on', async () => {
  const { events } = await wholeTraining();
  for (const { epoch, trainAccuracy } of ofType(events, 'epoch')) {
    // Batches of 4, 4 and 2.
    const right = ofType(events, 'step')
      .filter((step) => step.epoch === epoch)
      .map(({ step, accuracy }) => accuracy * (step === 3 ? 2 : 4));
    for (const photos of right) assert.ok(Number.isInteger(photos), String(photos));
    assert.is(trainAccuracy, right.reduce((a, b) => a + b) / trained.length);
  }
  const last = ofType(events, 'epoch').at(-1)?.trainAccuracy ?? 0;
  assert.ok(last > 0.7, `dark from light is learnt at once: ${last}`);
});

const figuresOf = ({ trainLoss, trainAccuracy, valLoss }: GillnetEvent<'epoch'>) => [
  ...[trainLoss, trainAccuracy, valLoss],
];

test('an interrupted run goes on bit for bit, wherever it stopped', async () => {
  const whole = await wholeTraining();
  for (const stopAfter of [2, 3, 7]) {
    const abort = new AbortController();
    let steps = 0;
    const stopped = await training({ signal: abort.signal }, ({ type }) => {
      if (type === 'step') steps += 1;
      if (steps === stopAfter) abort.abort();
    });
    assert.is(stopped.interrupted, true);
    const { checkpoint } = stopped;
    assert.ok(checkpoint, `a checkpoint after ${stopAfter} steps`);
    const resumed = await training({ resume: checkpoint as Checkpoint });
    sameState(resumed.state, whole.state);
    const tail = ofType(whole.events, 'step').slice(-ofType(resumed.events, 'step').length);
    assert.equal(
      ofType(resumed.events, 'step').map(({ loss }) => loss),
      tail.map(({ loss }) => loss),
    );
    assert.equal(
      ofType(resumed.events, 'epoch').map(figuresOf),
      ofType(whole.events, 'epoch').slice(-ofType(resumed.events, 'epoch').length).map(figuresOf),
    );
  }
});

test('broken photos are skipped with their reason, and none at all is an error', async () => {
  const broken = trained[3] as CatalogPhoto;
  const refuse = async (each: CatalogPhoto) => {
    if (each === broken) throw new GillnetError('NOT_A_PHOTO', 'cut off');
    return read(each);
  };
  const { events } = await training({ readForTraining: refuse, recipe: { ...light, epochs: 1 } });
  assert.equal(
    ofType(events, 'skipped').map(({ photo, reason }) => [photo, reason]),
    [[broken.key, 'cut off']],
  );
  const refuseAll = async () => {
    throw new GillnetError('NOT_A_PHOTO', 'cut off');
  };
  await failsWith('NOT_ENOUGH_PHOTOS', () => training({ readForTraining: refuseAll }));
});

test('each photo that it gets most wrong has its picture told once, before the epoch that names it', async () => {
  const [broken] = val as [(typeof val)[number]];
  const other = (of: string) => classes.find((label) => label !== of) as string;
  const judging = new Set(val.map(({ key }) => key));
  const options = {
    recipe: { ...headFirst, epochs: 1, learningRate: 1e-6 },
    readForJudging: (each: CatalogPhoto) =>
      read({ ...each, label: judging.has(each.key) ? other(each.label) : each.label }),
  };
  const asked: string[] = [];
  const pictureOf = async ({ key }: CatalogPhoto) => {
    asked.push(key);
    if (key === broken.key) throw new GillnetError('NOT_A_PHOTO', 'cut off');
    return Buffer.from(`picture of ${key}`);
  };
  const { events } = await training({ ...options, pictures: new Pictures(pictureOf) });
  const named = ofType(events, 'epoch').flatMap(({ wrongest }) =>
    wrongest.map(({ photo }) => photo),
  );
  assert.ok(named.includes(broken.key) && named.length > new Set(named).size, 'named again');
  assert.equal(asked.toSorted(), [...new Set(named)].sort());
  const pictures = ofType(events, 'picture');
  assert.equal(
    pictures.map(({ photo }) => photo),
    [...new Set(named)].filter((photo) => photo !== broken.key),
  );
  for (const picture of pictures) {
    const { photo, image } = picture;
    assert.is(Buffer.from(image, 'base64').toString(), `picture of ${photo}`);
    const namedAt = events.findIndex(
      (each) => each.type === 'epoch' && each.wrongest.some((wrong) => wrong.photo === photo),
    );
    assert.ok(events.indexOf(picture) < namedAt, photo);
  }
  const failing = async () => {
    throw new GillnetError('UNREACHABLE', 'the server is gone');
  };
  const without = await training({ ...options, pictures: new Pictures(failing) });
  assert.is(ofType(without.events, 'epoch').length, 2, 'pictures hold up nothing');
});

test('a checkpoint that can not be written is told, and training goes on', async () => {
  const { events } = await training({
    ...{ recipe: { ...light, epochs: 1 }, checkpointSeconds: 0 },
    keepCheckpoint: async ({ progress }) => {
      if (progress.epochs < 1) throw new GillnetError('IO', 'the disk is full.');
    },
  });
  assert.is(ofType(events, 'epoch').length, 1);
  assert.match(ofType(events, 'warning')[0]?.message ?? '', /disk is full/);
});

test('a loss that is no number ends the training with what to change', async () => {
  const error = await failsWith('NON_FINITE_LOSS', () =>
    training({
      recipe: { ...recipe, schedule: 'constant', learningRate: 1e6 },
    }),
  );
  assert.match(error.message, /epoch \d.*lower `--lr`/);
});

test('as many epochs are planned as fit into the time, and the schedule is laid over them', async () => {
  const planned = async (maxSeconds: number, given: Recipe) => {
    const { events, state } = await training({ maxSeconds, recipe: given });
    const [plan] = ofType(events, 'planned');
    assert.is(
      events.findIndex(({ type }) => type === 'planned') <
        events.findIndex(({ type }) => type === 'step'),
      true,
    );
    const rates = ofType(events, 'step').map(({ learningRate }) => learningRate);
    return { plan, epochs: ofType(events, 'epoch'), rates, state };
  };
  const all = await planned(3600, recipe);
  assert.equal([all.plan?.epochs, all.plan?.of, all.epochs.length], [3, 3, 3]);
  const one = await planned(0.001, light);
  assert.equal([one.plan?.epochs, one.plan?.of, one.epochs.length], [1, 3, 1], 'one at least');
  const whole = await wholeTraining();
  assert.equal(
    all.rates,
    ofType(whole.events, 'step').map(({ learningRate }) => learningRate),
  );
  assert.equal(
    one.rates,
    [0, 3, 6].map((step) => all.rates[step]),
  );
  sameState(all.state, whole.state);
});

test('epoch 0 is the head alone, fitted to what the network sees', async () => {
  const quick = { ...recipe, headPenalty: 1, factors: [0, 0, 0, 1, 1, 1] } as typeof recipe;
  const { events, state, checkpoint } = await training({ recipe: { ...quick, epochs: 1 } });
  const [head, first] = ofType(events, 'epoch');
  assert.equal([head?.epoch, head?.epochs, first?.epoch], [0, 1, 1]);
  assert.ok(
    (head?.trainLoss ?? 9) < 0.1 && head?.trainAccuracy === 1,
    'dark from light is seen at once',
  );
  assert.is(head?.valAccuracy, 1);
  assert.equal([head?.best, first?.best], [true, false], 'the earliest of the best');
  assert.is(checkpoint?.progress.history.length, 2);
  const initial = new Classifier({ classes, imageSize: size, seed: 1 });
  const before = await initial.state();
  initial.dispose();
  const moved = (name: string) =>
    Buffer.compare(state[name]?.data ?? Buffer.of(), before[name]?.data ?? Buffer.of());
  assert.is(moved('layer1.0.conv1.weight'), 0, 'frozen');
  assert.is.not(moved('layer3.0.conv1.weight'), 0);
});

test('a run that is stopped at its head goes on to the same weights', async () => {
  const quick = { ...headFirst, epochs: 1 };
  const whole = await training({ recipe: quick });
  for (const type of ['progress', 'epoch']) {
    const abort = new AbortController();
    const stopped = await training({ recipe: quick, signal: abort.signal }, (event) => {
      if (event.type === type) abort.abort();
    });
    assert.is(stopped.interrupted, true);
    const { checkpoint } = stopped;
    assert.is(checkpoint?.progress.epochs, type === 'progress' ? -1 : 0);
    const resumed = await training({ recipe: quick, resume: checkpoint as Checkpoint });
    sameState(resumed.state, whole.state);
  }
});

test('no time for any epoch leaves the head', async () => {
  const { events } = await training({ recipe: headFirst, maxSeconds: 0.001 });
  assert.equal(
    ofType(events, 'epoch').map(({ epoch, epochs }) => [epoch, epochs]),
    [[0, 3]],
  );
  assert.is(ofType(events, 'planned')[0]?.epochs, 0);
});

test.run();
