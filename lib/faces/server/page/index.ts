import type { ModelFacts } from '../schemas.js';
import { answerOf, headline, release } from './answer.js';
import { model, predict, type Waiting } from './api.js';
import { element, find } from './element.js';
import { shrunk } from './shrink.js';

/** Answers that stay on the page. */
const most = 30;

const status = find('#status');
const errors = find('#errors');
const answers = find('#answers');
const recent = find('#recent');
const stop = find<HTMLButtonElement>('#stop');
const zone = find('#zone');

let facts: ModelFacts | null = null;
/** Batches of photos are answered one after another. */
let before: Promise<void> = Promise.resolve();
let stopping = new AbortController();

function say(text: string): void {
  status.textContent = text;
}

/** What the page must know of the server, asked for until it is known. */
async function known(waiting: Waiting): Promise<ModelFacts> {
  if (facts) return facts;
  facts = await model(waiting);
  find('#runs').hidden = !facts.runs;
  find('#model').textContent =
    `${facts.name} knows ${facts.classes.length} labels. Photos go to this server alone.`;
  return facts;
}

function take(photos: File[]): void {
  if (photos.length === 0) return;
  before = before.then(() => answerAll(photos));
}

/** One after another, so that each is seen as soon as it is there; a bad one does not hold up the others. */
async function answerAll(photos: File[]): Promise<void> {
  const { signal } = stopping;
  errors.replaceChildren();
  stop.hidden = false;
  for (const answer of answers.querySelectorAll<HTMLDetailsElement>(':scope > details')) {
    answer.open = false;
  }
  const told: string[] = [];
  for (const [index, photo] of photos.entries()) {
    const which = photos.length > 1 ? ` (${index + 1} of ${photos.length})` : '';
    say(`Looks at ${photo.name}${which} …`);
    try {
      told.push(await answer(photo, { say, signal }));
    } catch (error) {
      if (signal.aborted) break;
      const why = `${photo.name}: ${(error as Error).message}`;
      errors.append(element('p', { className: 'notice' }, why));
    }
  }
  stop.hidden = true;
  if (signal.aborted) say('Stopped.');
  else if (photos.length === 1) say(told[0] ?? '');
  else say(`${told.length} of ${photos.length} photos are answered.`);
}

async function answer(photo: File, waiting: Waiting): Promise<string> {
  const { limits, feedback } = await known(waiting);
  const sent = await shrunk(photo, limits);
  const { model: told, predictions } = await predict(sent, waiting);
  const [prediction] = predictions;
  if (!prediction) throw new Error('The server told nothing of it.');
  show(answerOf(prediction, sent, feedback ? told.classes : null));
  return headline(prediction);
}

function show(shown: HTMLElement): void {
  answers.prepend(shown);
  for (const old of [...answers.children].slice(most)) {
    release(old);
    old.remove();
  }
  recent.hidden = false;
  shown.scrollIntoView({ block: 'nearest' });
}

for (const input of document.querySelectorAll<HTMLInputElement>('#photos input')) {
  input.onchange = () => {
    take([...(input.files ?? [])]);
    // So that the same photo can be picked again.
    input.value = '';
  };
}
find<HTMLFormElement>('#photos').onsubmit = (event) => event.preventDefault();

document.onpaste = ({ clipboardData }) => take([...(clipboardData?.files ?? [])]);
document.ondragover = (event) => {
  if (!event.dataTransfer?.types.includes('Files')) return;
  event.preventDefault();
  zone.classList.add('over');
};
document.ondragleave = ({ relatedTarget }) => {
  if (relatedTarget === null) zone.classList.remove('over');
};
document.ondrop = (event) => {
  event.preventDefault();
  zone.classList.remove('over');
  take([...(event.dataTransfer?.files ?? [])]);
};

stop.onclick = () => {
  stopping.abort();
  stopping = new AbortController();
};
find<HTMLButtonElement>('#clear').onclick = () => {
  for (const answer of answers.children) release(answer);
  answers.replaceChildren();
  recent.hidden = true;
  say('Cleared.');
  find<HTMLInputElement>('#file').focus();
};

await known({ say }).then(
  () => say(''),
  (error: Error) => say(error.message),
);
