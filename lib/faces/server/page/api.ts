import type { FeedbackKept, ModelFacts, Predictions, Problem } from '../schemas.js';
import { giveKey, keyHeaders } from './key.js';
import { pause, until } from './until.js';

/** Who waits for an answer. */
export interface Waiting {
  /** Told why it takes longer. */
  say(text: string): void;
  signal?: AbortSignal;
}

export const model = (waiting: Waiting) => ask<ModelFacts>('v1/model', {}, waiting);

export function predict(photo: File, waiting: Waiting): Promise<Predictions> {
  return post('v1/predict', { photo, explain: 'true' }, waiting);
}

export function tellLabel(photo: File, label: string, waiting: Waiting): Promise<FeedbackKept> {
  return post('v1/feedback', { photo, label }, waiting);
}

function post<T>(address: string, fields: Record<string, File | string>, waiting: Waiting) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return ask<T>(address, { method: 'POST', body }, waiting);
}

/**
 * Asks until there is an answer: again when the server says that it is busy, and with a key when it wants one.
 * @throws Error with what to tell a person, and the signal's reason
 */
async function ask<T>(address: string, init: RequestInit, waiting: Waiting): Promise<T> {
  const { say, signal } = waiting;
  for (;;) {
    const response = await send(address, init, signal);
    if (response.ok) return (await response.json()) as T;
    const problem = await problemOf(response);
    if (response.status === 401) {
      say('The server asks for an API key.');
      await until(giveKey(problem.detail), signal);
      say('');
    } else if (response.status === 429) {
      // A proxy may name a date.
      const seconds = Number(response.headers.get('retry-after')) || 1;
      say(`The server is busy. It is asked again in ${seconds} s.`);
      await pause(seconds, signal);
    } else {
      throw new Error(problem.errors?.map(({ detail }) => detail).join(' ') ?? problem.detail);
    }
  }
}

async function send(address: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  try {
    return await fetch(address, { ...init, headers: keyHeaders(), ...(signal && { signal }) });
  } catch {
    signal?.throwIfAborted();
    throw new Error('The server can’t be reached. See whether it still runs, and try again.');
  }
}

/** What a proxy before the server says may be anything. */
export async function problemOf(response: Response): Promise<Pick<Problem, 'detail' | 'errors'>> {
  const problem = (await response.json().catch(() => null)) as Problem | null;
  return problem?.detail
    ? problem
    : { detail: `The server answered ${response.status} ${response.statusText}.` };
}
