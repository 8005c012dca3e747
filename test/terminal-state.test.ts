import * as assert from 'uvu/assert';
import {
  bestEpoch,
  initialState,
  reduce,
  runShare,
  secondsLeft,
  summary,
  type Training,
} from '../lib/faces/terminal/state.js';
import { event, type GillnetEvent } from '../lib/pipeline/events.js';
import { done, epoch, started, step, story } from './support/story.js';
import { suite } from './support/suite.js';

const test = suite('state of the terminal');

const after = (events: GillnetEvent[]) => events.reduce(reduce, initialState);

test('the events of a run become what is shown', () => {
  const state = after(story);
  assert.equal(
    state.log.map(({ tone, epoch }) => [tone, epoch]),
    [
      ['warning', undefined],
      ['plain', undefined],
      ['plain', undefined],
      ['plain', 1],
      ['plain', 2],
      ['plain', 3],
    ],
  );
  const { training } = state;
  assert.equal(training?.losses, [
    { x: 0.25, y: 1.5 },
    { x: 1.25, y: 0.7 },
  ]);
  assert.equal(training?.accuracies, [
    { x: 1, y: 0.6 },
    { x: 2, y: 0.8 },
    { x: 3, y: 1 - 0.4 / 3 },
  ]);
  assert.is(training?.imagesPerSecond, 16);
  assert.is(training?.waitShare, 0.1);
});

test('of the epochs only the best one’s line stays', () => {
  const lines = summary(after([...story, done])).map(({ text }) => text);
  assert.equal(
    lines.filter((line) => line.startsWith('epoch')).map((line) => line.slice(0, 9)),
    ['epoch 2/4'],
  );
  assert.match(lines.at(-1) ?? '', /^done in 1 min 15 s/);
});

test('the time left follows from the epochs so far', () => {
  const training = (events: GillnetEvent[]) => after(events).training as Training;
  assert.is(secondsLeft(training([started])), null);
  // Three steps of 16 photos at 16 a second, then three epochs of four seconds.
  assert.is(secondsLeft(training([started, step(1, 1, 1)])), 3 + 3 * 4);
  assert.is(secondsLeft(training([started, step(1, 4, 1), epoch(1, 0.5, true)])), 3 * 5);
  assert.is(
    secondsLeft(training([started, step(1, 4, 1), epoch(1, 0.5, true), step(2, 2, 1)])),
    2 + 2 * 5,
  );
  // No time was left for an epoch behind the head.
  assert.is(runShare({ ...training([started]), planned: 0 }), 1);
});

test('a run that was resumed goes on where its checkpoint was', () => {
  const before = [started, step(1, 1, 3), epoch(1, 0.5, true), step(2, 1, 2), step(2, 2, 1.5)];
  const stopped = event('done', { ...done, interrupted: true, model: null });
  const state = after([...before, stopped, started, step(2, 2, 1)]);
  assert.is(state.done, null);
  assert.equal(
    state.training?.losses.map(({ y }) => y),
    [3, 2, 1],
  );
  assert.is(state.training?.epochs.length, 1);
});

test('a resumed run shows the epochs before it, also where their log is another process’s', () => {
  const resumed = event('resumed', {
    ...{ epoch: 3, step: 1 },
    history: [epoch(1, 0.5, true), epoch(2, 0.9, true)],
  });
  // The third epoch had ended, too, but after the checkpoint: it is done again.
  const logged = [
    started,
    step(1, 1, 3),
    epoch(1, 0.4, true),
    epoch(2, 0.8, true),
    epoch(3, 1, true),
  ];
  for (const before of [[], logged]) {
    const state = after([...before, started, resumed, step(3, 2, 1)]);
    const { training } = state;
    assert.equal(
      training?.epochs.map(({ epoch, valAccuracy }) => [epoch, valAccuracy]),
      [
        [1, 0.5],
        [2, 0.9],
      ],
    );
    assert.is(bestEpoch(training)?.epoch, 2);
    assert.equal(training?.accuracies.slice(0, 2), [
      { x: 1, y: 0.6 },
      { x: 2, y: 0.8 },
    ]);
    assert.is(runShare(training as Training), (2 + 2 / 4) / 4);
    const { epochs } = after([...before, started, resumed, step(3, 2, 1), epoch(3, 0.7, false)])
      .training as Training;
    assert.is(epochs.length, 3);
  }
});

test('the curve of a long run keeps its ends and stays small', () => {
  const steps = Array.from({ length: 5000 }, (_, index) =>
    event('step', { ...step(1, index + 1, index), steps: 5000 }),
  );
  const losses = after([started, ...steps]).training?.losses ?? [];
  assert.ok(losses.length > 256 && losses.length <= 512, String(losses.length));
  assert.is(losses.at(-1)?.x, 1);
  assert.ok(losses.every(({ y }, index) => index === 0 || y > (losses[index - 1]?.y ?? 0)));
});

test('the training accuracy of an epoch under way is the mean of its steps', () => {
  const told = (index: number, at: number, accuracy: number) =>
    event('step', { ...step(index, at, 1), accuracy });
  const events = [started, told(1, 1, 0), told(1, 2, 0.5), told(1, 3, 0.25), told(1, 4, 0.25)];
  const accuracies = (told: GillnetEvent[]) =>
    told.reduce(reduce, initialState).training?.accuracies;
  assert.equal(accuracies(events), [{ x: 1, y: 0.25 }]);
  const next = [...events, epoch(1, 0.5, true), told(2, 1, 0.5), told(2, 2, 1)];
  assert.equal(accuracies(next), [
    { x: 1, y: 0.6 },
    { x: 1.5, y: 0.75 },
  ]);
});

test('training accuracy goes on where its run was resumed', () => {
  const events = [started, step(1, 4, 1), epoch(1, 0.5, true), step(2, 1, 1), step(2, 2, 1)];
  const resumed = [...events, started, step(2, 1, 1)].reduce(reduce, initialState);
  assert.equal(resumed.training?.accuracies, [
    { x: 1, y: 0.6 },
    { x: 1.25, y: 0.75 },
  ]);
  const again = [...events, started, step(1, 4, 1)].reduce(reduce, initialState);
  const [point] = again.training?.accuracies ?? [];
  assert.is(point?.y, 0.6 + (0.75 - 0.6) / 4, 'the epoch so far stands for its earlier steps');
});

test('an epoch of a log without the figure leaves none', () => {
  const { trainAccuracy, ...old } = epoch(1, 0.5, true);
  const { accuracy, ...oldStep } = step(2, 1, 1);
  const events = [started, step(1, 4, 1), old as GillnetEvent, oldStep as GillnetEvent];
  assert.equal(events.reduce(reduce, initialState).training?.accuracies, []);
});

test('a stage before the training is over once the training starts', () => {
  const wrong = { photo: 'train/a/x.jpg', split: 'train', label: 'a', suggested: 'b' } as const;
  const looking = [
    event('stage', { stage: 'doubt', detail: 'labels of 88 photos' }),
    event('progress', { stage: 'doubt', done: 32, total: 88 }),
  ];
  assert.is(after(looking).running?.done, 32);
  for (const [photos, tone] of [
    [[{ ...wrong, quality: 0.1 }], 'warning'],
    [[], 'good'],
  ] as const) {
    const doubted = event('doubted', {
      checked: 88,
      found: photos.length,
      photos: [...photos],
      list: null,
    });
    const state = after([...looking, doubted, started]);
    assert.is(state.running, null);
    assert.is(state.log[0]?.tone, tone);
  }
});

test.run();
