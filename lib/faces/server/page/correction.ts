import { tellLabel } from './api.js';
import { element } from './element.js';

/** Lets a person tell what a photo really shows. @param classes the labels to choose from */
export function correctionOf(photo: File, classes: string[]): HTMLFormElement {
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
