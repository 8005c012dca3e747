import * as assert from 'uvu/assert';
import type { GillnetEvent } from '../lib/pipeline/events.js';
import { type Request, Requests } from '../lib/pipeline/requests.js';
import { failsWith } from './support/errors.js';
import { ofType } from './support/events.js';
import { sameState } from './support/native.js';
import { suite } from './support/suite.js';
import { read, training, wholeTraining } from './support/training.js';

const test = suite('taking part in a training');

/** Asks when a step of these numbers is told. */
function askingAt(requests: Requests, epoch: number, step: number, ...asked: Request[]) {
  return (event: GillnetEvent) => {
    if (event.type !== 'step' || event.epoch !== epoch || event.step !== step) return;
    for (const request of asked) requests.put(request);
  };
}

const epochsOf = (events: GillnetEvent[]) => ofType(events, 'epoch').map(({ epoch }) => epoch);
const ratesOf = (events: GillnetEvent[]) =>
  ofType(events, 'step').map(({ learningRate }) => learningRate);

test('a pause changes nothing, and its time counts for nothing', async () => {
  const undisturbed = await wholeTraining();
  const requests = new Requests();
  let pausedAt = 0;
  let waited = 0;
  const paused = await training({ requests, maxSeconds: 1e6 }, (event) => {
    askingAt(requests, 2, 1, { kind: 'pause' })(event);
    if (event.type === 'asked' && event.kind === 'pause') {
      pausedAt = performance.now();
      setTimeout(() => requests.put({ kind: 'resume' }), 1500);
    }
    if (event.type === 'asked' && event.kind === 'resume') waited = performance.now() - pausedAt;
  });
  assert.ok(waited >= 1490, `${waited} ms`);
  sameState(paused.state, undisturbed.state);
  const [first, second] = ofType(paused.events, 'epoch');
  const wall = (Date.parse(second?.time ?? '') - Date.parse(first?.time ?? '')) / 1000;
  assert.ok((second?.seconds ?? wall) < wall - 1.4, `${second?.seconds} of ${wall} s`);
  const [told] = ofType(paused.events, 'asked');
  assert.equal([told?.kind, told?.epoch, told?.step], ['pause', 2, 1]);
});

test('a paused training can be stopped, and goes on to the same weights', async () => {
  const undisturbed = await wholeTraining();
  const requests = new Requests();
  const abort = new AbortController();
  const stopped = await training({ requests, signal: abort.signal }, (event) => {
    askingAt(requests, 2, 2, { kind: 'pause' })(event);
    if (event.type === 'asked') setTimeout(() => abort.abort(), 50);
  });
  assert.is(stopped.interrupted, true);
  const resumed = await training({ resume: stopped.checkpoint ?? undefined });
  sameState(resumed.state, undisturbed.state);
});

test('finish ends after the epoch under way, with its validation and the best kept', async () => {
  const requests = new Requests();
  const { events, interrupted, best } = await training(
    { requests },
    askingAt(requests, 2, 1, { kind: 'finish' }),
  );
  assert.equal(epochsOf(events), [1, 2]);
  assert.is(interrupted, false);
  assert.ok(best);
});

test('more epochs follow, also after the run was resumed', async () => {
  const requests = new Requests();
  const { events, checkpoint } = await training(
    { requests },
    askingAt(requests, 3, 1, { kind: 'epochs', add: 2 }),
  );
  assert.equal(epochsOf(events), [1, 2, 3, 4, 5]);
  assert.is(ofType(events, 'epoch').at(-1)?.epochs, 5);
  assert.equal(checkpoint?.progress.plan, {
    epochs: 5,
    scheduledEpochs: 5,
    learningRateFactor: 1,
  });
});

test('the learning rate is changed for the rest, bit for bit the same after a resume', async () => {
  const plain = await wholeTraining();
  const at = (requests: Requests) =>
    askingAt(requests, 1, 2, { kind: 'learningRate', factor: 0.5 });
  const requests = new Requests();
  const whole = await training({ requests }, at(requests));
  const ratios = ratesOf(whole.events).map(
    (rate, index) => rate / (ratesOf(plain.events)[index] ?? 0),
  );
  assert.equal(
    ratios.map((ratio) => Number(ratio.toFixed(6))),
    [1, 1, ...Array(7).fill(0.5)],
  );

  const again = new Requests();
  const abort = new AbortController();
  const stopped = await training({ requests: again, signal: abort.signal }, (event) => {
    at(again)(event);
    if (event.type === 'step' && event.epoch === 2 && event.step === 2) abort.abort();
  });
  const resumed = await training({ resume: stopped.checkpoint ?? undefined });
  sameState(resumed.state, whole.state);
});

test('a checkpoint is saved when it is asked for, and a note is told', async () => {
  const requests = new Requests();
  const steps: number[] = [];
  const { events } = await training(
    {
      requests,
      checkpointSeconds: 1e6,
      keepCheckpoint: async ({ progress }) => {
        steps.push(progress.epochs * 10 + progress.steps);
      },
    },
    askingAt(requests, 2, 2, { kind: 'checkpoint' }, { kind: 'note', text: 'why so slow?' }),
  );
  assert.equal(steps, [12, 30], 'when asked, and at the end');
  assert.equal(
    ofType(events, 'asked').map((asked) => (asked.kind === 'note' ? asked.text : asked.kind)),
    ['checkpoint', 'why so slow?'],
  );
});

test('what is asked during validation is honoured there', async () => {
  const requests = new Requests();
  let asked = false;
  const { events } = await training({
    requests,
    readForJudging: async (photo) => {
      if (!asked) requests.put({ kind: 'note', text: 'judging' });
      asked = true;
      return read(photo);
    },
  });
  const types = events.map(({ type }) => type);
  assert.ok(types.indexOf('asked') < types.indexOf('epoch'), types.join());
});

test('what is asked as an epoch ends is about that epoch, be it the last', async () => {
  const askingAfter = (epoch: number, request: Request) => {
    const requests = new Requests();
    return training({ requests }, (event) => {
      if (event.type === 'epoch' && event.epoch === epoch) requests.put(request);
    });
  };
  const finished = await askingAfter(2, { kind: 'finish' });
  assert.equal(epochsOf(finished.events), [1, 2]);
  const [asked] = ofType(finished.events, 'asked');
  assert.equal([asked?.epoch, asked?.step], [2, 3]);
  const longer = await askingAfter(3, { kind: 'epochs', add: 1 });
  assert.equal(epochsOf(longer.events), [1, 2, 3, 4]);
});

test('numbers out of range are refused', async () => {
  const requests = new Requests();
  await failsWith('USAGE', () => requests.put({ kind: 'learningRate', factor: 0 }));
  await failsWith('USAGE', () => requests.put({ kind: 'learningRate', factor: Number.NaN }));
  await failsWith('USAGE', () => requests.put({ kind: 'epochs', add: 1.5 }));
  assert.is(requests.take(), undefined);
});

test.run();
