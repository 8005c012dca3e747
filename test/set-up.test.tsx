import { renderToString } from 'ink';
import stringWidth from 'string-width';
import * as assert from 'uvu/assert';
import type { GillnetError } from '../lib/errors.js';
import type { Action, Press } from '../lib/faces/terminal/keys.js';
import { initialPlace, placeAfter, pressAt, unattended } from '../lib/faces/terminal/place.js';
import { initialSetUp, pressSetUp, type SetUpView } from '../lib/faces/terminal/set-up/press.js';
import { SetUp } from '../lib/faces/terminal/set-up/set-up.js';
import { initialState, reduce, type ScreenState } from '../lib/faces/terminal/state.js';
import { type Architecture, architectures } from '../lib/model/architecture.js';
import { event, type GillnetEvent } from '../lib/pipeline/events.js';
import { type Choice, estimate } from '../lib/pipeline/proposal.js';
import { recipeOf } from '../lib/pipeline/recipes.js';
import { story } from './support/story.js';
import { suite } from './support/suite.js';

const test = suite('set-up screen');

const choice: Choice = { architecture: 'resnet18', weights: 'imagenet', device: 'auto' };
const about = (text: string) =>
  Object.fromEntries(Object.keys(architectures).map((name) => [name, text])) as Record<
    Architecture,
    string
  >;
const proposed = event('proposed', {
  data: 's3://dataset-fish',
  classes: [
    { label: '鯉の写真', train: 40, val: 10, test: 0 },
    { label: 'perch', train: 160, val: 40, test: 50 },
  ],
  choice,
  weights: [
    { source: 'imagenet', about: about('fetched') },
    { source: 'none', about: about('random') },
  ],
  ...{ devices: ['auto', 'cpu'], threads: 2, memory: 1e9, refused: null },
});
const timing = { step: 0.5, judgement: 0.01, reading: 0.004 };
const measured = event('measured', { choice, timing });
const now = Date.parse(proposed.time);
const named = (name: Exclude<Press, { character: string }>['name']): Press => ({ name });
const enter = named('enter');
const down = named('down');
const right = named('right');
const left = named('left');
const typed = (text: string): Press[] => [...text].map((character) => ({ character }));

function pressing(keys: Press[], from: SetUpView = initialSetUp(proposed)) {
  let view = from;
  const asked: Action[] = [];
  for (const key of keys) {
    const next = pressSetUp(view, key, proposed);
    view = next.view;
    if (next.action) asked.push(next.action);
  }
  return { view, asked };
}
const starting = (keys: Press[]) => {
  const last = pressing([...keys, enter]).asked.at(-1);
  return last?.kind === 'answer' && last.answer.kind === 'start' ? last.answer.choice : null;
};

const after = (events: GillnetEvent[]) => events.reduce(reduce, initialState);
const drawn = (
  state: ScreenState,
  view = initialSetUp(proposed),
  size = { columns: 80, rows: 24 },
  at = now,
) => {
  assert.ok(state.proposal);
  const props = { state, proposal: state.proposal, view, size, now: at };
  return renderToString(<SetUp {...props} />, { columns: size.columns });
};

test('Enter starts with what is shown, and keys wait for it then', () => {
  assert.equal(starting([]), choice);
  const begun = pressing([enter, right, enter]);
  assert.is(begun.asked.length, 1);
  assert.ok(begun.view.started);
  const place = { ...initialPlace, setUp: begun.view };
  const left = pressAt(place, { character: 'q' }, after([proposed]), { columns: 80, rows: 24 });
  assert.equal(left.action, { kind: 'stop' });
});

test('arrows go to a field and change it', () => {
  assert.equal(starting([right]), { ...choice, recipe: 'classic' });
  assert.equal(starting([left]), { ...choice, recipe: 'scratch' });
  assert.equal(starting([down, right]), { ...choice, recipe: undefined, weights: 'none' });
  assert.equal(starting([down, down, left, left]), { ...choice, epochs: 4 });
  assert.equal(starting([down, down, named('page-up')]), { ...choice, epochs: 16 });
  assert.equal(starting([down, down, down, right]), { ...choice, batchSize: 64 });
  assert.equal(starting([...Array(4).fill(down), left]), { ...choice, imageSize: 192 });
  assert.equal(starting([...Array(5).fill(down), left, left]), { ...choice, lr: 2e-5 });
  assert.equal(starting([named('up'), right]), { ...choice, device: 'cpu' });
  assert.equal(starting([named('up'), named('up'), right]), {
    ...choice,
    architecture: 'resnet34',
  });
  assert.equal(starting([...Array(8).fill(down), right]), { ...choice, recipe: 'classic' });
});

test('what only depends on the recipe follows it, and what was set stays', () => {
  const { view } = pressing([down, down, right, named('up'), right]);
  const frame = drawn(after([proposed]), view);
  assert.match(frame, /recipe +scratch/);
  assert.match(frame, /epochs +7/);
  assert.match(frame, /image size +64/);
  assert.equal(starting([down, down, right, named('backspace')]), { ...choice, epochs: undefined });
});

test('random weights are not left with a recipe that is made for pretrained ones', () => {
  const quick = initialSetUp({ ...proposed, choice: { ...choice, recipe: 'quick' } });
  const { view } = pressing([down, right], quick);
  assert.equal(view.choice, { ...choice, weights: 'none', recipe: undefined });
  assert.is(
    pressing([named('up'), right], view).view.choice.recipe,
    'classic',
    'quick is not offered',
  );
  const classic = initialSetUp({ ...proposed, choice: { ...choice, recipe: 'classic' } });
  assert.is(pressing([down, right], classic).view.choice.recipe, 'classic');
  assert.throws(
    () => recipeOf({ recipe: 'quick' }, false),
    (error: GillnetError) => error.code === 'USAGE' && /--recipe scratch/.test(error.message),
  );
});

test('numbers can be typed, and what makes no sense is refused', () => {
  assert.equal(starting([down, down, ...typed('12'), enter]), { ...choice, epochs: 12 });
  assert.equal(starting([down, down, ...typed('12'), down]), { ...choice, epochs: 12 });
  assert.equal(starting([...Array(5).fill(down), ...typed('3e-4'), enter]), {
    ...choice,
    lr: 3e-4,
  });
  const refused = pressing([down, down, ...typed('1.5'), enter]);
  assert.equal(refused.asked, []);
  assert.match(refused.view.refused ?? '', /whole number from 1/);
  assert.match(drawn(after([proposed]), refused.view), /1\.5█.*expected a whole number/s);
  assert.equal(pressing([down], refused.view).view.field, 2, 'it is not left standing');
  assert.equal(pressing([named('escape')], refused.view).view.refused, null);
  assert.equal(starting(typed('5')), choice, 'a name is not typed');
});

test('what changes the work of a step is measured anew, and nothing else', () => {
  const asks = (keys: Press[]) => pressing(keys).asked.map((action) => action.kind);
  assert.equal(asks([right]), ['answer']);
  assert.equal(asks([down, down, right, right]), []);
  assert.equal(asks([...Array(5).fill(down), right]), []);
  assert.equal(asks([...Array(4).fill(down), ...typed('96'), enter]), ['answer']);
});

test('it shows what was found, what can be chosen and how long it would take', () => {
  const skipped = { skipped: 5, ignored: 2, seconds: 1 };
  const extracted = event('extracted', {
    ...{ photos: 300, labels: {}, splits: { train: 250, val: 0, test: 50 }, ...skipped },
  });
  const state = after([extracted, ...story.slice(0, 3), proposed]);
  const frame = drawn(state);
  for (const part of [
    's3://dataset-fish',
    /300 photos of 2 classes.*train 200.*val 50.*test 50/,
    /鯉の写真 █+▓+ +40 +10 +0/,
    /perch +█+▓+░+ +160 +40 +50/,
    '2 of 8 test photos stand in training too: 2 quarantined',
    '3 broken photos left out',
    /▸ recipe +‹ quick ›/,
    /weights +imagenet +fetched/,
    /epochs +6/,
    'measuring a few steps',
    'starts by itself in 1 min 00 s',
  ]) {
    assert.match(frame, part);
  }
  // A head from 250 judgements, 6 epochs of 6.25 steps and 50 judgements, and each of the 250 photos read once.
  assert.match(drawn(reduce(state, measured)), /about 25 s, until \d\d:\d\d; .*64\.0 images\/s/);
  const failed = event('measured', { choice, timing: null });
  assert.match(drawn(reduce(state, failed)), /could not be measured/);
});

test('the time follows from the photos, and from whether they stay in memory', () => {
  const photos = { train: 200, val: 50 };
  const recipe = { epochs: 20, batchSize: 16, headPenalty: null };
  assert.is(estimate(timing, { ...photos, held: true }, recipe), 1 + 20 * (6.25 + 0.5));
  assert.is(estimate(timing, { ...photos, held: false }, recipe), 20 * (1 + 6.25 + 0.5));
  const headFirst = { ...recipe, headPenalty: 300 };
  assert.is(estimate(timing, { ...photos, held: true }, headFirst), 1 + 2.5 + 20 * (6.25 + 0.5));
});

test('where nobody presses a key it starts by itself after a minute', () => {
  const state = after([proposed]);
  const place = placeAfter(initialPlace, proposed, [], { columns: 80, rows: 24 });
  assert.is(unattended(place, state, now + 59_000), null);
  const begun = unattended(place, state, now + 60_000);
  assert.equal(begun?.action, { kind: 'answer', answer: { kind: 'start', choice } });
  assert.ok(begun && unattended(begun.place, state, now + 70_000) === null, 'once');
  const { place: touched } = pressAt(place, down, state, { columns: 80, rows: 24 });
  assert.is(unattended(touched, state, now + 3_600_000), null);
  assert.is(unattended(place, { ...state, watching: true }, now + 3_600_000), null);
});

test('once a key was pressed it waits for as long as it takes', () => {
  assert.not.match(drawn(after([proposed]), pressing([down]).view), /by itself/);
  const watched = drawn({ ...after([proposed]), watching: true });
  assert.match(watched, /q leave; the run waits/);
  assert.not.match(watched, /by itself|starts/);
});

const many = Array.from({ length: 100 }, (_, index) => ({
  ...{ label: `class ${index} 鯉`.repeat(3), train: index, val: 1, test: 12_345 },
}));
const refusal = 'The ImageNet weights could not be fetched. '.repeat(20);
const crowded = event('proposed', { ...proposed, classes: many, refused: refusal });

for (const [columns, rows] of [
  [80, 24],
  [120, 40],
  [60, 16],
  [40, 9],
  [200, 6],
] as const) {
  test(`it fits ${columns} × ${rows}`, () => {
    for (const each of [proposed, crowded]) {
      for (const keys of [[], [down, down, ...typed('123456789012345678901234567890')]]) {
        const view = pressing(keys).view;
        const frame = drawn(after([...story.slice(0, 3), each, measured]), view, { columns, rows });
        const lines = frame.split('\n');
        assert.is(lines.length, rows, frame);
        for (const line of lines) assert.ok(stringWidth(line) <= columns, line);
        assert.match(frame, /‹/, 'the present field is always there');
        assert.match(frame, /Enter/, 'and the keys');
      }
    }
  });
}

test('of more classes than fit, those with the fewest photos are shown', () => {
  const frame = drawn(after([crowded]));
  assert.match(frame, /^class 0 /m);
  assert.match(frame, /and \d+ classes with more photos/);
});

test.run();
