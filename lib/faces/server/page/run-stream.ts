import type { GillnetEvent } from '../../../pipeline/events.js';
import type { Runs } from '../run-schemas.js';
import { problemOf } from './api.js';
import { giveKey, keyHeaders } from './key.js';
import { pause } from './until.js';

/** Who follows a run. */
export interface Follower {
  happened(event: GillnetEvent): void;
  /** Told why there is no connection, and null once there is one. */
  lost(why: string | null): void;
}

/** Seconds without a byte after which a connection counts as lost: the server says something every 15. */
const silence = 45;
const gone = 'The server can’t be reached; one that shows a single training ends with it.';
/** Seconds before the next try, the first and the longest time. */
const [shortest, longest] = [1, 10];

/**
 * Tells what happens in a run until it ends, over as many connections as that takes; each goes on behind the last event
 * of the one before. A header carries the key, for which `EventSource` has no place.
 * @param after an event's id; those up to it are not told
 * @returns the id of the last event
 * @throws Error where there is no such run, and the signal's reason
 */
export async function follow(
  run: string,
  after: string,
  follower: Follower,
  signal: AbortSignal,
): Promise<string> {
  let id = after;
  for (let wait = shortest; ; wait = Math.min(longest, 2 * wait)) {
    let why = gone;
    try {
      const response = await fetch(`v1/runs/${encodeURIComponent(run)}/events`, {
        headers: { ...keyHeaders(), ...(id !== '' && { 'last-event-id': id }) },
        signal,
      });
      if (response.ok && response.body) {
        follower.lost(null);
        wait = shortest / 2;
        for await (const message of messagesOf(response.body)) {
          if (message.name === 'end') return id;
          follower.happened(JSON.parse(message.data) as GillnetEvent);
          id = message.id ?? id;
        }
        why = 'The server has closed the connection.';
      } else {
        why = await refusalOf(response);
        if (response.status === 401) continue;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof NoRun) throw error;
    }
    follower.lost(why);
    await pause(wait, signal);
  }
}

/** The runs that there are. @throws Error with what to tell a person */
export async function listRuns(): Promise<Runs> {
  for (;;) {
    const response = await fetch('v1/runs', { headers: keyHeaders() }).catch(() => null);
    if (response === null) throw new Error(gone);
    if (response.ok) return (await response.json()) as Runs;
    const why = await refusalOf(response);
    if (response.status !== 401) throw new Error(why);
  }
}

/** There is nothing to be followed, however often it is tried. */
class NoRun extends Error {}

/** @returns why there is no stream, once a key was given where that is why */
async function refusalOf(response: Response): Promise<string> {
  const { detail } = await problemOf(response);
  if (response.status === 404) throw new NoRun(detail);
  if (response.status === 401) await giveKey(detail);
  return detail;
}

/** A server-sent event; `id` is null where it has none. */
interface Message {
  name: string;
  id: string | null;
  data: string;
}

/** @throws Error where it breaks off, or is silent for too long */
async function* messagesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)
    .getReader();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await unlessSilent(reader.read());
      if (done) return;
      const parts = (text + value).split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) {
        const message = messageOf(part);
        if (message) yield message;
      }
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** Null for a comment. */
function messageOf(text: string): Message | null {
  const fields = new Map(
    text.split('\n').map((line): [string, string] => {
      const [name = '', ...rest] = line.split(': ');
      return [name, rest.join(': ')];
    }),
  );
  const data = fields.get('data');
  if (data === undefined) return null;
  return { name: fields.get('event') ?? 'message', id: fields.get('id') ?? null, data };
}

async function unlessSilent<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silent = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('silent')), 1000 * silence);
  });
  try {
    return await Promise.race([work, silent]);
  } finally {
    clearTimeout(timer);
  }
}
