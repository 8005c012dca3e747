import { find } from './element.js';

/** The name by which a key is kept, in this tab and until it is closed. */
const kept = 'gillnet-api-key';

/** Of all requests that wait for a key. */
let asked: Promise<void> | null = null;

export function keyHeaders(): Record<string, string> {
  const key = sessionStorage.getItem(kept);
  return key === null ? {} : { 'x-api-key': key };
}

/** Asks the person for an API key, once for all who need one. @param why what the server said to the one before */
export function giveKey(why: string): Promise<void> {
  asked ??= ask(why).finally(() => {
    asked = null;
  });
  return asked;
}

function ask(why: string): Promise<void> {
  const form = find<HTMLFormElement>('#key');
  const input = find<HTMLInputElement>('#key input');
  const isFirst = sessionStorage.getItem(kept) === null;
  find('#key p').textContent = isFirst ? 'The server answers only with an API key.' : why;
  form.hidden = false;
  input.focus();
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(kept, input.value.trim());
      input.value = '';
      form.hidden = true;
      resolve();
    };
  });
}
