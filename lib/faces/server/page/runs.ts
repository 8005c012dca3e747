import { percent } from '../../format.js';
import type { RunSummary } from '../run-schemas.js';
import { element, find } from './element.js';
import { nothing, type RunState, reduce, standing } from './run-state.js';
import { type Follower, follow, listRuns } from './run-stream.js';
import { inWords, show } from './run-view.js';
import { pause } from './until.js';

/** Seconds between two looks at the list. */
const interval = 5;

const problem = find('#problem');
const news = find('#news');
const article = find('#run');

let runs: RunSummary[] = [];
/** The run that is shown, and what is known of it. */
let shown: { id: string; state: RunState; lost: string | null } | null = null;
/** Why the one that was chosen isn't. */
let refused = '';
let following = new AbortController();
let isDrawing = false;
const entries = new Map<string, HTMLLIElement>();

const chosen = () => decodeURIComponent(location.hash.slice(1));

function tellProblem(text: string): void {
  if (problem.textContent === text) return;
  problem.replaceChildren(...(text === '' ? [] : [element('p', { className: 'notice' }, text)]));
}

function tellNews(text: string): void {
  if (news.textContent !== text) news.textContent = text;
}

/** Draws as often as the screen does, however much happens between. */
function redraw(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    if (shown === null) return;
    article.hidden = false;
    show(shown.id, shown.state, shown.lost);
    tellNews(inWords(shown.state));
    document.title = `${standing(shown.state)}: ${shown.id} – gillnet`;
  });
}

/** Shows a run, and follows it as long as it is shown and lives, also when it is taken up again. */
async function showRun(id: string): Promise<void> {
  following.abort();
  following = new AbortController();
  const { signal } = following;
  const run = { id, state: nothing, lost: null as string | null };
  shown = run;
  refused = '';
  redraw();
  showList();
  const follower: Follower = {
    happened(event) {
      run.state = reduce(run.state, event);
      redraw();
    },
    lost(why) {
      run.lost = why;
      redraw();
    },
  };
  try {
    for (let last = ''; ; await pause(interval, signal)) {
      const summary = runs.find((each) => each.id === id);
      // An ended one is asked for again once its log has grown.
      if (last !== '' && (summary?.events ?? 0) <= Number(last)) continue;
      last = await follow(id, last, follower, signal);
    }
  } catch (error) {
    if (signal.aborted) return;
    refused = (error as Error).message;
    shown = null;
    article.hidden = true;
    tellProblem(refused);
  }
}

/** Entries stay the elements that they are: a person may have one under the finger, or in focus. */
function showList(): void {
  const list = find('#list');
  const wanted = runs.map((run) => entryOf(run));
  for (const [index, entry] of wanted.entries()) {
    if (list.children[index] !== entry) list.insertBefore(entry, list.children[index] ?? null);
  }
  while (list.children.length > wanted.length) list.lastElementChild?.remove();
}

function entryOf({ id, state, epoch, epochs, best }: RunSummary): HTMLLIElement {
  const entry = entries.get(id) ?? newEntry(id);
  entries.set(id, entry);
  const accuracy = best ? `, best ${percent(best.valAccuracy)}` : '';
  const far = epochs === null ? '' : `, epoch ${epoch} of ${epochs}`;
  const [link, about] = [entry.firstElementChild, entry.querySelector('span')];
  if (about) about.textContent = `${state}${far}${accuracy}`;
  if (id === shown?.id) link?.setAttribute('aria-current', 'true');
  else link?.removeAttribute('aria-current');
  return entry;
}

function newEntry(id: string): HTMLLIElement {
  const about = element('span', { className: 'muted' });
  const href = `#${encodeURIComponent(id)}`;
  return element('li', {}, element('a', { href }, element('strong', {}, id), about));
}

async function look(): Promise<void> {
  try {
    ({ runs } = await listRuns());
    tellProblem(
      runs.length === 0 ? 'There is no training yet. `npx gillnet train` begins one.' : refused,
    );
  } catch (error) {
    tellProblem((error as Error).message);
  }
  showList();
  const [newest] = runs;
  if (shown === null && refused === '' && newest) void showRun(chosen() || newest.id);
}

addEventListener('hashchange', () => {
  if (chosen() !== '' && chosen() !== shown?.id) void showRun(chosen());
});
addEventListener('resize', redraw);
for (;;) {
  // A page that nobody sees asks for nothing; the run that it shows is followed on.
  if (!document.hidden) await look();
  await pause(interval);
}
