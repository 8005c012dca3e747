import { percent } from '../../format.js';
import type { Predictions } from '../schemas.js';
import { tellLabel } from './api.js';
import { barOf, element } from './element.js';

export type Prediction = Predictions['predictions'][number];

/** Labels that are seen at once; the others are unfolded. */
const most = 5;

/** What the model says, in words. */
export function headline({ label, confidence, sure }: Prediction): string {
  return sure
    ? `${label}, ${percent(confidence)}`
    : `Not sure: perhaps ${label}, ${percent(confidence)}`;
}

/** The answer to one photo, unfolded. @param classes by which a person may correct it; null where the server takes no labels */
export function answerOf(
  prediction: Prediction,
  photo: File,
  classes: string[] | null,
): HTMLDetailsElement {
  const address = URL.createObjectURL(photo);
  const { ranked, sure } = prediction;
  const thumbnail = element('img', { src: address, alt: '', className: 'thumbnail' });
  thumbnail.onerror = () => thumbnail.remove();
  return element(
    'details',
    { className: 'answer', open: true },
    element(
      'summary',
      {},
      thumbnail,
      element(
        'span',
        {},
        element('strong', {}, headline(prediction)),
        element('span', { className: 'muted name' }, photo.name),
      ),
    ),
    element(
      'div',
      { className: 'beside' },
      pictureOf(prediction, photo, address),
      element(
        'div',
        { className: 'told' },
        sure
          ? null
          : element(
              'p',
              { className: 'notice' },
              element('strong', {}, 'Not sure. '),
              'The confidence is below the one from which the model was reliable on photos that it had not learnt from. Look for yourself.',
            ),
        barsOf(ranked.slice(0, most)),
        ranked.length > most
          ? element(
              'details',
              {},
              element('summary', {}, `${ranked.length - most} less likely`),
              barsOf(ranked.slice(most)),
            )
          : null,
        classes && correctionOf(photo, classes),
      ),
    ),
  );
}

/** Lets go of the photo of an answer that leaves the page. */
export function release(answer: Element): void {
  const photo = answer.querySelector<HTMLImageElement>('.photo');
  if (photo) URL.revokeObjectURL(photo.src);
}

function pictureOf({ label, explanation }: Prediction, photo: File, address: string) {
  const picture = element('img', { src: address, alt: photo.name, className: 'photo' });
  const figure = element('figure', {}, element('div', { className: 'picture' }, picture));
  picture.onerror = () =>
    figure.replaceChildren(
      element('p', { className: 'muted' }, 'This browser can’t show photos of this kind.'),
    );
  if (!explanation) return figure;
  const heat = element('img', {
    src: `data:image/png;base64,${explanation.heat}`,
    alt: `Warm where the photo speaks for ${label}`,
    className: 'heat',
  });
  picture.after(heat);
  const toggle = element('input', { type: 'checkbox', checked: true });
  toggle.onchange = () => {
    heat.hidden = !toggle.checked;
  };
  figure.append(element('label', { className: 'toggle' }, toggle, 'Show where the model looks'));
  return figure;
}

function barsOf(ranked: Prediction['ranked']): HTMLOListElement {
  const bars = ranked.map(({ label, confidence }) => barOf(label, confidence, percent(confidence)));
  return element('ol', { className: 'bars' }, ...bars);
}

/** Lets a person tell what a photo really shows. @param classes the labels to choose from */
function correctionOf(photo: File, classes: string[]): HTMLFormElement {
  const select = element(
    'select',
    { required: true },
    element('option', { value: '' }, 'Choose a label'),
    ...classes.map((label) => element('option', { value: label }, label)),
  );
  const status = element('p', { className: 'said', role: 'status' });
  const say = (text: string) => {
    status.textContent = text;
  };
  const form = element(
    'form',
    { className: 'correction' },
    element('label', {}, element('span', {}, 'What does it really show?'), select),
    element('button', { type: 'submit' }, 'Keep for training'),
    status,
  );
  let isSending = false;
  form.onsubmit = async (event) => {
    event.preventDefault();
    if (isSending) return;
    // Not a disabled button, which would lose the keyboard's focus.
    isSending = true;
    say('Sending …');
    try {
      const { label, outcome } = await tellLabel(photo, select.value, { say });
      say(`${outcome === 'known' ? 'Already kept' : 'Kept'} as ${label}, for the next training.`);
    } catch (error) {
      say((error as Error).message);
    } finally {
      isSending = false;
    }
  };
  return form;
}
