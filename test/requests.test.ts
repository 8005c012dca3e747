import './support/small-network.js';
import * as assert from 'uvu/assert';
import type { GillnetEvent } from '../lib/pipeline/events.js';
import { type Request, Requests } from '../lib/pipeline/requests.js';
import { failsWith } from './support/errors.js';
import { ofType } from './support/events.js';
import { sameState } from './support/native.js';
import { suite } from './support/suite.js';
import { read, recipe, training } from './support/training.js';

const test = suite('taking part in a training');

/** Two epochs of three steps, which nothing disturbs. */
const short = { ...recipe, epochs: 2 };
const undisturbed = await training({ recipe: short });

/** Asks when a step of these numbers is told. */
function askingAt(requests: Requests, epoch: number, step: number, ...asked: Request[]) {
  return (event: GillnetEvent) => {
    if (event.type !== 'step' || event.epoch !== epoch || event.step !== step) return;
    for (const request of asked) requests.put(request);
  };
}

const ratesOf = (events: GillnetEvent[]) =>
  ofType(events, 'step').map(({ learningRate }) => learningRate);

test('a pause, a note and a checkpoint change nothing, and a pause’s time counts for nothing', async () => {
  const requests = new Requests();
  let pausedAt = 0;
  let waited = 0;
  let judged = false;
  const kept: number[] = [];
  const note = { kind: 'note', text: 'why so slow?' } as const;
  const pausing = askingAt(requests, 2, 1, { kind: 'pause' });
  const keeping = askingAt(requests, 2, 2, { kind: 'checkpoint' }, note);
  const { events, state } = await training(
    {
      ...{ recipe: short, requests, checkpointSeconds: 1e6 },
      readForJudging: async (photo) => {
        // What is asked during validation is honoured there.
        if (!judged) requests.put({ kind: 'note', text: 'judging' });
        judged = true;
        return read(photo);
      },
      keepCheckpoint: async ({ progress }) => {
        kept.push(progress.epochs * 10 + progress.steps);
      },
    },
    (event) => {
      pausing(event);
      keeping(event);
      if (event.type === 'asked' && event.kind === 'pause') {
        pausedAt = performance.now();
        setTimeout(() => requests.put({ kind: 'resume' }), 500);
      }
      if (event.type === 'asked' && event.kind === 'resume') waited = performance.now() - pausedAt;
    },
  );
  sameState(state, undisturbed.state);
  assert.ok(waited >= 490, `${waited} ms`);
  const [first, second] = ofType(events, 'epoch');
  const wall = (Date.parse(second?.time ?? '') - Date.parse(first?.time ?? '')) / 1000;
  assert.ok((second?.seconds ?? wall) < wall - 0.4, `${second?.seconds} of ${wall} s`);
  const told = ofType(events, 'asked');
  assert.equal(
    told.map((asked) => (asked.kind === 'note' ? asked.text : asked.kind)),
    ['judging', 'pause', 'resume', 'checkpoint', 'why so slow?'],
  );
  assert.equal([told[1]?.epoch, told[1]?.step], [2, 1]);
  assert.ok(events.indexOf(told[0] as GillnetEvent) < events.indexOf(first as GillnetEvent));
  assert.equal(kept, [12, 20], 'when asked, and at the end');
});

test('more epochs follow, and finish ends after the one under way, with its validation and the best kept', async () => {
  const requests = new Requests();
  const more = askingAt(requests, 1, 1, { kind: 'epochs', add: 2 });
  const finish = askingAt(requests, 2, 1, { kind: 'finish' });
  const { events, interrupted, best, checkpoint } = await training(
    { recipe: { ...recipe, epochs: 1 }, requests },
    (event) => {
      more(event);
      finish(event);
    },
  );
  assert.equal(
    ofType(events, 'epoch').map(({ epoch, epochs }) => [epoch, epochs]),
    [
      [1, 3],
      [2, 2],
    ],
  );
  assert.is(interrupted, false);
  assert.ok(best);
  assert.equal(
    checkpoint?.progress.plan,
    { epochs: 2, scheduledEpochs: 3, learningRateFactor: 1 },
    'also after the run was resumed',
  );
});

test('the learning rate is changed for the rest, bit for bit the same where the run is stopped in a pause and resumed', async () => {
  const at = (requests: Requests) =>
    askingAt(requests, 1, 2, { kind: 'learningRate', factor: 0.5 });
  const requests = new Requests();
  const whole = await training({ recipe: short, requests }, at(requests));
  const plainRates = ratesOf(undisturbed.events);
  const ratios = ratesOf(whole.events).map((rate, index) => rate / (plainRates[index] ?? 0));
  assert.equal(
    ratios.map((ratio) => Number(ratio.toFixed(6))),
    [1, 1, ...Array(4).fill(0.5)],
  );

  const again = new Requests();
  const abort = new AbortController();
  const stopped = await training(
    { recipe: short, requests: again, signal: abort.signal },
    (event) => {
      at(again)(event);
      askingAt(again, 2, 2, { kind: 'pause' })(event);
      if (event.type === 'asked' && event.kind === 'pause') setTimeout(() => abort.abort(), 50);
    },
  );
  assert.is(stopped.interrupted, true);
  const resumed = await training({ recipe: short, resume: stopped.checkpoint ?? undefined });
  sameState(resumed.state, whole.state);
});

test('what is asked as an epoch ends is about that epoch, be it the last', async () => {
  const requests = new Requests();
  const { events } = await training({ recipe: { ...recipe, epochs: 1 }, requests }, (event) => {
    if (event.type !== 'epoch') return;
    requests.put(event.epoch === 1 ? { kind: 'epochs', add: 2 } : { kind: 'finish' });
  });
  assert.equal(
    ofType(events, 'epoch').map(({ epoch }) => epoch),
    [1, 2],
  );
  assert.equal(
    ofType(events, 'asked').map(({ kind, epoch, step }) => [kind, epoch, step]),
    [
      ['epochs', 1, 3],
      ['finish', 2, 3],
    ],
  );
});

test('numbers out of range are refused', async () => {
  const requests = new Requests();
  await failsWith('USAGE', () => requests.put({ kind: 'learningRate', factor: 0 }));
  await failsWith('USAGE', () => requests.put({ kind: 'learningRate', factor: Number.NaN }));
  await failsWith('USAGE', () => requests.put({ kind: 'epochs', add: 1.5 }));
  assert.is(requests.take(), undefined);
});

test.run();
