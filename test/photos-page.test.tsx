import { renderToString } from 'ink';
import * as assert from 'uvu/assert';
import { initialView, type Tab, type View } from '../lib/faces/terminal/keys.js';
import type { WantedPicture } from '../lib/faces/terminal/pictures/layer.js';
import { initialState, reduce } from '../lib/faces/terminal/state.js';
import { Trainer, wantedPicture } from '../lib/faces/terminal/trainer.js';
import { event, type GillnetEvent } from '../lib/pipeline/events.js';
import { epoch, started, step } from './support/story.js';
import { suite } from './support/suite.js';

const test = suite('the page of photos');

const sizes = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 60, rows: 16 },
];
const photos = Array.from({ length: 10 }, (_, index) => `train/perch/${index}.jpg`);
const pictures = photos.map((photo) => event('picture', { photo, image: `image of ${photo}` }));
const wrong = event('epoch', {
  ...epoch(1, 0.5, true),
  wrongest: photos.map((photo) => ({
    ...{ photo, label: 'perch', predicted: 'bream', confidence: 0.9 },
  })),
});
const stateOf = (...events: GillnetEvent[]) =>
  [started, step(1, 4, 1), ...events].reduce(reduce, initialState);
const state = stateOf(...pictures, wrong);
const viewOf = (view: Partial<View>): View => ({ ...initialView, tab: 'photos', ...view });
const now = Date.parse(started.time);
const linesOf = (shown: typeof state, view: Partial<View>, size: (typeof sizes)[number]) =>
  renderToString(<Trainer state={shown} view={viewOf(view)} size={size} now={now} />, {
    columns: size.columns,
  }).split('\n');
const wanted = (view: Partial<View>, size = sizes[0] as (typeof sizes)[number], shown = state) =>
  wantedPicture({ state: shown, view: viewOf(view), size });

for (const size of sizes) {
  test(`the page leaves room for a picture in ${size.columns} × ${size.rows}`, () => {
    const { area } = wanted({}, size) as WantedPicture;
    const lines = linesOf(state, {}, size);
    const covered = lines.slice(area.row, area.row + area.rows);
    assert.match(lines[area.row - 1] ?? '', /^most wrong after epoch 1/);
    for (const line of covered) assert.ok(line.length <= area.column, line);
    assert.match(covered.join('\n'), /▸ \S*0\.jpg +perch → bream +90\.0 %/);
    assert.ok(area.column + area.columns <= size.columns);
    assert.ok(area.rows >= 7 && area.columns >= 16, JSON.stringify(area));
    const below = lines.slice(area.row + area.rows).join('\n');
    assert.not.match(below, /jpg/);
  });
}

test('the marked photo follows the scrolling, and its picture is the one that is wanted', () => {
  const small = { columns: 60, rows: 16 };
  for (const [scroll, index] of [
    [0, 0],
    [4, 4],
    [9, 9],
    [200, 9],
  ] as const) {
    assert.is(wanted({ scroll }, small)?.image, `image of train/perch/${index}.jpg`);
    const marked = linesOf(state, { scroll }, small).filter((line) => line.startsWith('▸'));
    assert.is(marked.length, 1);
    assert.match(marked[0] ?? '', new RegExp(`${index}\\.jpg`));
  }
  assert.match(linesOf(state, { scroll: 9 }, small).join('\n'), /3–10 of 10/);
});

test('there is a picture on the page of photos alone, where it has room and is known', () => {
  assert.ok(wanted({}));
  for (const tab of ['overview', 'classes', 'log'] as Tab[]) assert.is(wanted({ tab }), null);
  assert.is(wanted({ overlay: 'help' }), null);
  assert.ok(wanted({ overlay: 'stop' }), 'a question stands below');
  assert.is(wanted({}, { columns: 40, rows: 9 }), null);
  assert.is(wanted({}, { columns: 59, rows: 40 }), null);
  const unknown = stateOf(...pictures.slice(1), wrong);
  assert.is(wanted({}, sizes[0], unknown), null);
  assert.ok(wanted({ scroll: 1 }, sizes[0], unknown));
});

test('without pictures the list has the whole page', () => {
  const without = stateOf(wrong);
  const [size] = sizes as [(typeof sizes)[number]];
  const widest = (shown: typeof state) =>
    Math.max(...linesOf(shown, {}, size).flatMap((line) => (/jpg/.test(line) ? line.length : [])));
  assert.is(wanted({}, size, without), null);
  assert.ok(widest(without) > 70 && widest(state) < 55, `${widest(without)} ${widest(state)}`);
});

test('pictures stay when a run is resumed, and go with it', () => {
  const resumed = [started, wrong].reduce(reduce, state);
  assert.ok(wanted({}, sizes[0], resumed));
  const other = [{ ...started, run: 'another' }, wrong].reduce(reduce, state);
  assert.is(wanted({}, sizes[0], other), null);
});

test.run();
