import * as assert from 'uvu/assert';
import { initialState, reduce } from '../lib/faces/terminal/state.js';
import { event, type GillnetEvent } from '../lib/pipeline/events.js';
import { epoch, started, step } from './support/story.js';
import { suite } from './support/suite.js';

const test = suite('curves in a terminal');

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

test.run();
