import { Writable } from 'node:stream';
import { render } from 'ink-testing-library';
import * as assert from 'uvu/assert';
import { drive } from '../lib/commands/drive.js';
import type { Settings } from '../lib/config.js';
import { GillnetError } from '../lib/errors.js';
import { faceMode } from '../lib/faces/face.js';
import { describe, duration, size } from '../lib/faces/format.js';
import { jsonFace } from '../lib/faces/json.js';
import { linesFace } from '../lib/faces/lines.js';
import { renderReport } from '../lib/faces/report.js';
import { Screen } from '../lib/faces/terminal/screen.js';
import { progressBar, sparkline } from '../lib/faces/terminal/sparkline.js';
import {
  initialState,
  reduce,
  requestStop,
  secondsLeft,
  type Training,
} from '../lib/faces/terminal/state.js';
import { event, type GillnetEvent } from '../lib/pipeline/events.js';
import { failsWith } from './support/errors.js';
import { suite } from './support/suite.js';

const test = suite('faces');

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

const started = event('started', {
  ...{ run: '20260101T000000Z', model: 'resnet18', device: 'cpu', dtype: 'float32', threads: 2 },
  ...{
    recipe: 'classic',
    weights: 'imagenet',
    classes: ['a', 'b'],
    trainPhotos: 64,
    valPhotos: 16,
  },
  ...{ parameters: 11_178_051, epochs: 4, batchSize: 16, imageSize: 224, seed: 1 },
});
const step = (epoch: number, index: number, loss: number) =>
  event('step', {
    ...{ epoch, step: index, steps: 4, loss, learningRate: 0.001, imagesPerSecond: 16 },
    ...{ waitSeconds: 0.1, computeSeconds: 0.9, memory: 1.2e9 },
  });
const epoch = (index: number, valAccuracy: number, best: boolean) =>
  event('epoch', {
    ...{ epoch: index, epochs: 4, trainLoss: 1 / index, valLoss: 0.5, valAccuracy },
    ...{ seconds: 5, imagesPerSecond: 16, best },
    classes: [
      { label: 'a', accuracy: 0.75, photos: 8 },
      { label: 'b', accuracy: 1, photos: 8 },
    ],
    wrongest: [{ photo: 'train/a/dark.jpg', label: 'a', predicted: 'b', confidence: 0.97 }],
  });
const done = event('done', {
  ...{
    run: '20260101T000000Z',
    model: 'model_v1_20260101T000000Z.pt',
    valAccuracy: 0.9,
    testAccuracy: 0.85,
  },
  ...{ seconds: 75, interrupted: false },
});
const story: GillnetEvent[] = [
  event('stage', { stage: 'extract', detail: 'photos → catalog' }),
  event('skipped', { photo: 'train/a/x.jpg', reason: 'cut off' }),
  event('guarded', {
    ...{ groups: 3, leaks: 2, quarantined: 2, folded: 1, kept: { train: 64, val: 0, test: 8 } },
    ...{ policy: 'quarantine', list: 'runs/guard.json' },
  }),
  event('stage', { stage: 'train', detail: 'run' }),
  started,
  step(1, 1, 1.5),
  epoch(1, 0.5, true),
  step(2, 1, 0.7),
  epoch(2, 0.9, true),
  epoch(3, 0.8, false),
];

test('numbers are written as people read them', () => {
  assert.equal(
    [duration(4.21), duration(59.6), duration(200), duration(7500)],
    ['4.2 s', '1 min 00 s', '3 min 20 s', '2 h 05 min'],
  );
  assert.equal([size(1500), size(44_800_000)], ['1.5 kB', '44.8 MB']);
});

test('plain lines tell each event once, and errors elsewhere', () => {
  const [output, errors] = [new Sink(), new Sink()];
  const face = linesFace(output, errors, () => 0);
  for (const each of [...story, done]) face.read(each);
  face.read(
    event('error', { code: 'NOT_FOUND', message: 'There is no such file.', photo: 'a.jpg' }),
  );
  assert.is(output.text.trim().split('\n').length, story.length - 2 + 1);
  assert.match(
    output.text,
    /3 groups of equal photos, 2 of them on both sides of a split; 2 photos quarantined, 1 further copy folded; left: train 64, test 8/,
  );
  assert.match(
    output.text,
    /done in 1 min 15 s: model model_v1_20260101T000000Z\.pt, validation accuracy 90\.0 %, test accuracy 85\.0 %/,
  );
  assert.is(errors.text, 'error [NOT_FOUND]: a.jpg: There is no such file.\n');
});

test('names that would steer a terminal are shown, not obeyed', () => {
  const line = describe(event('skipped', { photo: 'a\u001b[2Jb\nc.jpg', reason: 'cut off' }));
  assert.is(line, 'skipped a\ufffd[2Jb\ufffdc.jpg: cut off');
});

test('plain lines speak of progress after ten quiet seconds', () => {
  let now = 0;
  const output = new Sink();
  const face = linesFace(output, new Sink(), () => now);
  face.read(step(1, 1, 1));
  assert.is(output.text, '');
  now = 10_000;
  face.read(step(1, 2, 1));
  face.read(step(1, 3, 1));
  assert.is(output.text, 'epoch 1, step 2/4: loss 1.0000, 16.0 images/s\n');
});

test('JSON lines are the events themselves', () => {
  const output = new Sink();
  const face = jsonFace(output);
  for (const each of story) face.read(each);
  assert.equal(
    output.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    story,
  );
});

test('the screen shows what is over above, and the training live', () => {
  const state = story.reduce(reduce, initialState);
  const { lastFrame, unmount } = render(<Screen state={state} columns={90} />);
  const frame = lastFrame() ?? '';
  unmount();
  for (const part of [
    'skipped train/a/x.jpg: cut off',
    'guarded: 3 groups',
    'epoch 2/4 · step 1/4',
    'images/s',
    'left',
    'q or Ctrl-C stops',
  ]) {
    assert.ok(frame.includes(part), `${part} in:\n${frame}`);
  }
  assert.match(frame, /^ +2 +0\.5000 +0\.5000 +90\.0 % 5\.0 s ★$/m);
  assert.match(frame, /accuracy +▁█▆ 80\.0 %/);
  assert.ok(frame.indexOf('guarded') < frame.indexOf('epoch 2/4'));
});

test('asking to stop is seen, and the end leaves no live region', () => {
  const asked = requestStop(story.reduce(reduce, initialState));
  const stopping = render(<Screen state={asked} columns={90} />);
  assert.match(stopping.lastFrame() ?? '', /stopping/);
  stopping.unmount();
  const over = render(
    <Screen state={[...story, done].reduce(reduce, initialState)} columns={90} />,
  );
  assert.not.match(over.lastFrame() ?? '', /q or Ctrl-C/);
  assert.match(over.lastFrame() ?? '', /epoch 2\/4: .*90\.0 % \(best so far\)/s);
  over.unmount();
});

test('the time left follows from the epochs so far', () => {
  const training = (events: GillnetEvent[]) =>
    events.reduce(reduce, initialState).training as Training;
  assert.is(secondsLeft(training([started])), null);
  // Three steps of 16 photos at 16 a second, then three epochs of four seconds.
  assert.is(secondsLeft(training([started, step(1, 1, 1)])), 3 + 3 * 4);
  assert.is(secondsLeft(training([started, step(1, 4, 1), epoch(1, 0.5, true)])), 3 * 5);
  assert.is(
    secondsLeft(training([started, step(1, 4, 1), epoch(1, 0.5, true), step(2, 2, 1)])),
    2 + 2 * 5,
  );
});

test('sparklines and bars fit their width', () => {
  assert.is(sparkline([0, 1, 2, 3], 4), '▁▃▆█');
  assert.is(sparkline([5, 5], 10), '▁▁');
  assert.is(
    sparkline(
      Array.from({ length: 100 }, (_, index) => index),
      8,
    ),
    '▁▂▃▄▅▆▇█',
  );
  assert.is(sparkline([], 5), '');
  assert.equal([progressBar(0.5, 4), progressBar(2, 3)], ['██░░', '███']);
});

test('the report shows every figure, and escapes labels', () => {
  const evaluated = event('evaluated', {
    ...{
      split: 'test',
      photos: 4,
      accuracy: 0.75,
      macroF1: 0.7333,
      confusion: [
        [2, 0],
        [1, 1],
      ],
      ece: 0.05,
      report: null,
    },
    classes: [
      { label: '<b>a</b>', precision: 2 / 3, recall: 1, f1: 0.8, support: 2 },
      { label: 'b', precision: 1, recall: 0.5, f1: 2 / 3, support: 2 },
    ],
  });
  const html = renderReport(evaluated, 'model.pt');
  assert.not.match(html, /<b>a<\/b>/);
  for (const part of ['75.0 %', '0.733', '&lt;b&gt;a&lt;/b&gt;', '66.7 %', '0.800'])
    assert.ok(html.includes(part), part);
  assert.match(describe(evaluated) ?? '', /accuracy 75\.0 %, macro F1 0\.733/);
});

test('the terminal’s screen is for terminals', () => {
  assert.is(faceMode({ json: true }), 'json');
  assert.is(faceMode({}), 'lines', 'standard output is no terminal here');
});

test('a reader that throws is dropped, and the run goes on', async () => {
  const seen: string[] = [];
  const status = await drive(
    { json: true } as Settings,
    async function* (_settings, { addReader }) {
      addReader({
        read: () => {
          throw new Error('the reader is broken');
        },
        close: async () => {},
      });
      addReader({ read: ({ type }) => void seen.push(type), close: async () => {} });
      yield event('stage', { stage: 'train', detail: '' });
      yield { ...done, interrupted: true };
    },
  );
  assert.equal(seen, ['warning', 'stage', 'done']);
  assert.is(status, 130);
  await failsWith('IO', () =>
    drive({ json: true } as Settings, async function* () {
      yield done;
      throw new GillnetError('IO', 'gone');
    }),
  );
});

test.run();
