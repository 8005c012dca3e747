import * as assert from 'uvu/assert';
import {
  type Action,
  initialView,
  type Press,
  press,
  type View,
} from '../lib/faces/terminal/keys.js';
import { initialState, reduce, type ScreenState } from '../lib/faces/terminal/state.js';
import type { Request } from '../lib/pipeline/requests.js';
import { done, started } from './support/story.js';
import { suite } from './support/suite.js';

const test = suite('keys of the terminal');

const training = reduce(initialState, started);
const keys = (text: string, state: Partial<ScreenState> = {}, from: View = initialView) => {
  const asked: Action[] = [];
  let view = from;
  for (const name of text.split(' ')) {
    const key: Press = name.length === 1 ? { character: name } : (special[name] as Press);
    const pressed = press(view, key, { ...training, ...state });
    view = pressed.view;
    if (pressed.action) asked.push(pressed.action);
  }
  return { view, asked };
};
const special: Record<string, Press> = {
  space: { character: ' ' },
  enter: { name: 'enter' },
  escape: { name: 'escape' },
  back: { name: 'backspace' },
  'ctrl-c': { name: 'ctrl-c' },
  left: { name: 'left' },
  right: { name: 'right' },
  tab: { name: 'tab' },
  up: { name: 'up' },
  down: { name: 'down' },
};
const ask = (request: Request): Action => ({ kind: 'ask', request });

test('keys ask for what they say', () => {
  assert.equal(keys('space').asked, [ask({ kind: 'pause' })]);
  assert.equal(keys('p', { paused: true }).asked, [ask({ kind: 'resume' })]);
  assert.equal(keys('f s').asked, [ask({ kind: 'finish' }), ask({ kind: 'checkpoint' })]);
  assert.equal(keys('l enter').asked, [ask({ kind: 'learningRate', factor: 0.5 })]);
  assert.equal(keys('l 0 . 2 5 enter').asked, [ask({ kind: 'learningRate', factor: 0.25 })]);
  assert.equal(keys('e 1 2 back enter').asked, [ask({ kind: 'epochs', add: 1 })]);
  assert.equal(keys('n q space f enter').asked, [ask({ kind: 'note', text: 'q f' })]);
  assert.equal(keys('n escape').view, initialView);
});

test('what makes no sense is refused with what was expected, and may be mended', () => {
  const refused = keys('e 0 enter');
  assert.equal(refused.asked, []);
  assert.match(refused.view.input?.refused ?? '', /whole number from 1/);
  assert.equal(keys('back 3 enter', {}, refused.view).asked, [ask({ kind: 'epochs', add: 3 })]);
  for (const text of ['l - 1 enter', 'l x enter', 'e 1 . 5 enter', 'n enter', 'n space enter'])
    assert.equal(keys(text).asked, [], text);
});

test('stopping asks first, and a second Ctrl-C answers', () => {
  const stop: Action = { kind: 'stop' };
  assert.equal(keys('q').asked, []);
  assert.equal(keys('q y').asked, [stop]);
  assert.equal(keys('q n').asked, []);
  assert.is(keys('q n').view.overlay, null);
  assert.equal(keys('ctrl-c ctrl-c').asked, [stop]);
  assert.equal(keys('n a ctrl-c ctrl-c').asked, [stop], 'from within an input, too');
  assert.equal(keys('ctrl-c', { stopping: true }).asked, [stop], 'then it is at once');
});

test('pages turn in both directions, and the result comes with the end', () => {
  assert.is(keys('3').view.tab, 'photos');
  assert.is(keys('right right').view.tab, 'photos');
  assert.is(keys('left').view.tab, 'log');
  assert.is(keys('4 tab').view.tab, 'overview');
  assert.is(keys('5').view.tab, 'overview');
  assert.is(keys('5', { done }).view.tab, 'result');
  assert.is(keys('left', { done }).view.tab, 'result');
  assert.is(keys('2 down down up').view.scroll, 1);
  assert.is(keys('4 up up').view.scroll, 2);
  assert.is(keys('2 down 3').view.scroll, 0);
});

test('whoever watches leaves without a question, and asks for nothing', () => {
  const watching = { watching: true };
  assert.equal(keys('q', watching).asked, [{ kind: 'stop' }]);
  assert.equal(keys('ctrl-c', watching).asked, [{ kind: 'stop' }]);
  assert.equal(keys('space f s l e n', watching), { view: initialView, asked: [] });
});

test('after the end keys look around and leave, and ask for nothing', () => {
  for (const key of ['q', 'enter', 'escape', 'ctrl-c'])
    assert.equal(keys(key, { done }).asked, [{ kind: 'leave' }], key);
  assert.equal(keys('space f s l e n 1 ?', { done }).asked, []);
  assert.equal(keys('? escape', { done }).asked, [], 'Esc closes the help first');
});

test.run();
