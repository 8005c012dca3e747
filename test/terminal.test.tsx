import { renderToString } from 'ink';
import stringWidth from 'string-width';
import * as assert from 'uvu/assert';
import { initialView, type Tab, tabs, type View } from '../lib/faces/terminal/keys.js';
import { layoutOf } from '../lib/faces/terminal/layout.js';
import { linesOf } from '../lib/faces/terminal/log.js';
import { shownClasses } from '../lib/faces/terminal/matrix.js';
import { initialPlace, type Place, placeAfter, pressAt } from '../lib/faces/terminal/place.js';
import { inWords } from '../lib/faces/terminal/result.js';
import { Stages } from '../lib/faces/terminal/stages.js';
import { initialState, reduce, request, type ScreenState } from '../lib/faces/terminal/state.js';
import { Trainer } from '../lib/faces/terminal/trainer.js';
import { confusedPairs } from '../lib/metrics/confusion.js';
import { event, type GillnetEvent } from '../lib/pipeline/events.js';
import { done, epoch, evaluated, started, step, story } from './support/story.js';
import { suite } from './support/suite.js';

const test = suite('terminal');

const after = (events: GillnetEvent[], state: ScreenState = initialState) =>
  events.reduce(reduce, state);
const now = Date.parse(started.time);
const small = { columns: 80, rows: 24 };
const drawn = (state: ScreenState, view: Partial<View> = {}, size = small, at = now) =>
  renderToString(
    <Trainer state={state} view={{ ...initialView, ...view }} size={size} now={at} />,
    {
      columns: size.columns,
    },
  );
const asked = (request: Parameters<typeof event<'asked'>>[1]) => event('asked', request);

test('a request is pending until it is honoured, and then has its effect', () => {
  const pending = request(request(after(story), { kind: 'pause' }), { kind: 'note', text: 'dim' });
  assert.match(drawn(pending), /asked: keep a note/);
  const paused = reduce(pending, asked({ epoch: 3, step: 2, kind: 'pause' }));
  assert.equal(paused.pending, [{ kind: 'note', text: 'dim' }]);
  assert.ok(paused.paused);
  const noted = reduce(paused, asked({ epoch: 3, step: 2, kind: 'note', text: 'dim' }));
  assert.match(drawn(noted), /paused; space goes on/);
  assert.match(drawn(noted, { tab: 'log' }), /note: dim/);
  const on = reduce(noted, asked({ epoch: 3, step: 2, kind: 'resume' }));
  assert.not.ok(on.paused);
  assert.match(drawn(on), /goes on at epoch 3, step 2/);
  const longer = reduce(on, asked({ epoch: 3, step: 2, kind: 'epochs', add: 4 }));
  assert.match(drawn(longer), /epoch 3\/8/);
  const ending = reduce(longer, asked({ epoch: 3, step: 3, kind: 'finish' }));
  assert.match(drawn(ending), /epoch 3\/3/);
});

const wide = '鯉の写真 🐟';
const labels = [
  'bream',
  'perch',
  wide,
  'a label far too long for any of the columns',
  'e\u0301ide',
];
const keyOf = (label: string) => `train/${label}/${'deep/'.repeat(20)}${label}.jpg`;
const many: GillnetEvent[] = [
  ...story.slice(0, -1),
  ...labels.map((label) => event('picture', { photo: keyOf(label), image: label })),
  event('epoch', {
    ...epoch(3, 0.8, false),
    classes: labels.map((label, index) => ({ label, accuracy: index / 4, photos: 20 })),
    wrongest: labels.map((label) => ({
      photo: keyOf(label),
      ...{ label, predicted: wide, confidence: 0.99 },
    })),
  }),
  event('skipped', { photo: `${wide}/`.repeat(30), reason: 'cut off' }),
];
const model = 'model_v1_20260101T000000Z.pt';
const saved = event('saved', { model, place: 's3://models', sha256: '0'.repeat(64), bytes: 45e6 });
const ended = [...many, saved, evaluated(labels), done];

for (const size of [
  small,
  { columns: 120, rows: 40 },
  { columns: 60, rows: 16 },
  { columns: 40, rows: 9 },
]) {
  const { columns, rows } = size;
  test(`every page and question fits ${columns} × ${rows}`, () => {
    const views: Partial<View>[] = [
      ...tabs.map((tab) => ({ tab })),
      { overlay: 'help' },
      { overlay: 'stop' },
      { input: { kind: 'note', text: wide.repeat(20), refused: null } },
      { input: { kind: 'learningRate', text: 'x', refused: 'expected a factor above 0' } },
    ];
    const stopping = { ...after(many), stopping: true };
    const states = [after([started]), after(many), stopping, after(ended)];
    for (const state of states) {
      for (const view of views) {
        const lines = drawn(state, view, size).split('\n');
        const what = JSON.stringify(view);
        assert.is(lines.length, rows, `rows of ${what}`);
        for (const line of lines) {
          assert.ok(
            stringWidth(line) <= columns,
            `${stringWidth(line)} columns in ${what}: ${line}`,
          );
        }
      }
    }
  });
}

function shows(frame: string, parts: (string | RegExp)[]): void {
  for (const part of parts) {
    const there = typeof part === 'string' ? frame.includes(part) : part.test(frame);
    assert.ok(there, `${part} in:\n${frame}`);
  }
}

test('80 × 24 shows what matters on each page', () => {
  const state = after(many);
  const everywhere = [
    ...['20260101T000000Z', 'resnet18', 'imagenet', 'recipe classic', 'cpu float32', '2 threads'],
    ...['epoch 3/4', 'step 1/4', '75 %', 'images/s', 'learning rate 0.0010', 'memory 1.2 GB'],
    ...['data 10 %, compute 90 %', 'space pause', '? keys'],
  ];
  const page = (tab: Tab, parts: (string | RegExp)[]) =>
    shows(drawn(state, { tab }), [...everywhere, ...parts]);
  page('overview', [
    '━ train 0.700',
    '━ val 0.500',
    ' 1.50│',
    ' 0.500│',
    '━ train 86.7 %',
    '━ val 80.0 %',
    '90.0 %│',
    '★ 2',
    /[\u2801-\u28ff]/,
  ]);
  page('classes', ['validation accuracy after epoch 3', /^bream +░+ +0\.0 % 20 photos/m, wide]);
  page('photos', ['most wrong after epoch 3', /…\S*deep\/bream\.jpg bream +→ 鯉.* 99\.0 %/]);
  page('log', ['epoch 2/4: train loss', 'skipped 鯉', 'cut off']);
});

test('60 × 16 keeps the bars, the page, the figures and the keys', () => {
  const size = { columns: 60, rows: 16 };
  shows(drawn(after(many), {}, size), [
    '20260101',
    'epoch 3/4',
    '75 %',
    'accuracy ━ train ━ val 80.0 %',
    '★ 2',
    'images/s',
    'space',
  ]);
});

test('larger terminals give the charts their room', () => {
  const rowsOf = (frame: string) => frame.split('\n').filter((line) => line.includes('│')).length;
  assert.ok(
    rowsOf(drawn(after(many), {}, { columns: 120, rows: 40 })) > rowsOf(drawn(after(many))),
  );
});

test('the first step is waited for in words, and its seconds count', () => {
  assert.match(drawn(after([started]), {}, small, now + 12_400), /computing the first step, 12 s/);
  const steps = after([started, { ...step(1, 4, 1), time: started.time }]);
  assert.match(drawn(steps, {}, small, now + 5000), /validating, 5\.0 s/);
  assert.not.match(drawn(steps, {}, small, now + 500), /validating,/);
});

test('a log that lacks the newer figures is shown without them', () => {
  const { accuracy, waitSeconds, computeSeconds, memory, ...oldStep } = step(1, 1, 1);
  const { trainAccuracy, classes, wrongest, ...oldEpoch } = epoch(1, 0.5, true);
  const state = after([started, oldStep as GillnetEvent, oldEpoch as GillnetEvent]);
  for (const tab of tabs) assert.not.match(drawn(state, { tab }), /NaN|undefined/);
  shows(drawn(state), ['16.0 images/s']);
  shows(drawn(state, { tab: 'log' }), [/train loss 1\.0000, validation loss/]);
});

test('the end shows figures, confusions, places and what to do next', () => {
  const frame = drawn(after(ended), { tab: 'result' });
  shows(frame, [
    /^test 85\.0 % \(95 %: [\d.–]+\) · val 90\.0 % · best epoch 2 of 3 · in 1 min 15 s/m,
    ...['rows true, columns predicted', 'worst confusions', '2 of 10 perch taken for bream'],
    ...['s3://models/model_v1_20260101T000000Z.pt', 'runs/report.html', ' result]'],
    ...['npx gillnet predict PHOTO.jpg --models s3://models'],
    /^perch +░ +2 +█ +8/m,
  ]);
  const stopped = after([...many, { ...done, model: null, interrupted: true, testAccuracy: null }]);
  shows(drawn(stopped, { tab: 'result' }), ['stopped · ', 'train --resume 20260101T000000Z']);
});

test('what else writes to the terminal stands in the log', () => {
  const state = after([...story, event('output', { text: 'libpng: iCCP\u001b[2J' })]);
  shows(drawn(state, { tab: 'log' }), ['libpng: iCCP\ufffd[2J']);
  assert.is(state.log.at(-1)?.tone, 'warning');
});

test('the log is read from its end, and scrolls back', () => {
  const notes = Array.from({ length: 50 }, (_, index) =>
    asked({ epoch: 1, step: 1, kind: 'note', text: `number ${index}.` }),
  );
  const state = after([started, ...notes]);
  shows(drawn(state, { tab: 'log' }), ['number 49.']);
  const back = drawn(state, { tab: 'log', scroll: 30 });
  shows(back, ['number 19.']);
  assert.not.match(back, /number 49\./);
  shows(drawn(state, { tab: 'log', scroll: 1000 }), ['training resnet18', 'number 0.']);
});

test('after the last epoch nothing is asked for any more', () => {
  const late = request(after(many), { kind: 'finish' });
  for (const stage of ['calibrate', 'quantize'] as const) {
    const state = reduce(late, event('stage', { stage, detail: '16 photos' }));
    assert.equal(state.pending, []);
    assert.not.match(drawn(state), /pause|finish/);
    const pressed = pressAt(initialPlace, { character: 'f' }, state, small);
    assert.is(pressed.action, null);
  }
});

test('a page scrolls as far as it goes, and back from there', () => {
  const state = after(many);
  const { columns, rows } = small;
  const ends = (tab: Tab, forth: 'down' | 'up', back: 'down' | 'up') => {
    let place: Place = { ...initialPlace, view: { ...initialView, tab } };
    const scrolls: number[] = [];
    for (const name of [...Array(60).fill(forth), back]) {
      ({ place } = pressAt(place, { name }, state, { columns, rows }));
      scrolls.push(place.view.scroll);
    }
    return scrolls.slice(-2);
  };
  assert.equal(ends('photos', 'down', 'up'), [4, 3]);
  assert.equal(ends('classes', 'down', 'up'), [0, 0], 'all classes are seen');
  const noted = after(
    Array.from({ length: 50 }, () => asked({ epoch: 1, step: 1, kind: 'note', text: 'x' })),
    state,
  );
  const log = linesOf(noted.log, columns).length;
  let place: Place = { ...initialPlace, view: { ...initialView, tab: 'log' } };
  for (let index = 0; index < 99; index += 1)
    ({ place } = pressAt(place, { name: 'up' }, noted, { columns, rows }));
  assert.is(place.view.scroll, log - layoutOf(small).page);

  const shown = drawn(noted, place.view);
  const note = asked({
    epoch: 1,
    step: 2,
    kind: 'note',
    text: 'long enough for two lines '.repeat(4),
  });
  const more = reduce(noted, note);
  place = placeAfter(place, note, more.log.slice(noted.log.length), small);
  const pageOf = (frame: string) => frame.split('\n').slice(6, -4);
  assert.equal(pageOf(drawn(more, place.view)), pageOf(shown), 'what is read stays in its place');
});

test('before a training there are lines, and the stage under way', () => {
  const state = after([
    ...story.slice(0, 3),
    event('stage', { stage: 'train', detail: 'run 1' }),
    event('progress', { stage: 'train', done: 1, total: 2 }),
  ]);
  const frame = renderToString(<Stages state={state} columns={80} />, { columns: 80 });
  shows(frame, [
    'skipped train/a/x.jpg: cut off',
    'train run 1',
    '█░',
    '1 of 2',
    'q or Ctrl-C stops',
  ]);
  assert.ok(frame.indexOf('guarded') < frame.indexOf('train run 1'));
});

test('confusions are counted, and told in words', () => {
  const found = evaluated(labels);
  assert.equal(confusedPairs(found).map(inWords), [
    '3 of 10 bream taken for perch',
    '2 of 10 perch taken for bream',
  ]);
  assert.equal(shownClasses(found, 2), [0, 1]);
});

test('a watched run is shown without keys that ask', () => {
  const state = after(many, { ...initialState, watching: true });
  shows(drawn(state), ['q leave; the run goes on']);
  assert.not.match(drawn(state), /pause/);
});

test.run();
