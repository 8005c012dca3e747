import type { RunSummary } from '../run-schemas.js';
import { element, find } from './element.js';
import { nothing, type RunState, reduce, standing } from './run-state.js';
import { follow, listRuns, pause } from './run-stream.js';
import { inWords, percent, show } from './run-view.js';

/** Seconds between two looks at the list. */
const interval = 5;

const problem = find<HTMLElement>('#problem');
const news = find<HTMLElement>('#news');
const article = find<HTMLElement>('#run');

let runs: RunSummary[] = [];
/** The run that is shown, and what is known of it. */
let shown: { id: string; state: RunState; lost: string | null } | null = null;
let following = new AbortController();
let isDrawing = false;

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
    document.title = `${standing(shown.state).word}: ${shown.id} – gillnet`;
  });
}

/** Shows a run, and follows it as long as it is shown and lives, also when it is taken up again. */
async function showRun(id: string): Promise<void> {
  following.abort();
  following = new AbortController();
  const { signal } = following;
  const run = { id, state: nothing, lost: null as string | null };
  shown = run;
  redraw();
  showList();
  const follower = {
    happened(event: Parameters<typeof reduce>[1]) {
      run.state = reduce(run.state, event);
      redraw();
    },
    connected() {
      run.lost = null;
      redraw();
    },
    lost(why: string) {
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
    if (!signal.aborted) tellProblem((error as Error).message);
  }
}

function showList(): void {
  find('#list').replaceChildren(
    ...runs.map(({ id, state, epoch, epochs, best }) => {
      const link = element('a', { href: `#${encodeURIComponent(id)}` }, element('strong', {}, id));
      if (id === shown?.id) link.setAttribute('aria-current', 'true');
      const accuracy = best ? `, best ${percent.format(best.valAccuracy)}` : '';
      const far = epochs === null ? '' : `, epoch ${epoch} of ${epochs}`;
      link.append(element('span', { className: 'muted' }, `${state}${far}${accuracy}`));
      return element('li', {}, link);
    }),
  );
}

async function look(): Promise<void> {
  try {
    ({ runs } = await listRuns());
    tellProblem(
      runs.length === 0 ? 'There is no training yet. `npx gillnet train` begins one.' : '',
    );
  } catch (error) {
    tellProblem((error as Error).message);
  }
  showList();
  const [newest] = runs;
  if (shown === null && newest) void showRun(chosen() || newest.id);
}

addEventListener('hashchange', () => {
  if (chosen() !== '' && chosen() !== shown?.id) void showRun(chosen());
});
addEventListener('resize', redraw);
for (;;) {
  // A page that nobody sees asks for nothing; the run that it shows is followed on.
  if (!document.hidden) await look();
  await pause(interval, new AbortController().signal);
}
