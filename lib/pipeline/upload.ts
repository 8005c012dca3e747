import { mapConcurrent } from '../concurrency.js';
import { codeOf } from '../errors.js';
import type { Store, StoredObject } from '../store/store.js';
import { event, type GillnetEvent } from './events.js';
import { placedIn } from './place.js';

export interface UploadOptions {
  from: Store;
  to: Store;
  signal?: AbortSignal | undefined;
}

/** Photos under way at once: each is held in memory. */
const inFlight = 16;
const progressEvery = 50;

/**
 * Store → store, under the same keys: what is there already is left as it is, so that a second upload
 * goes on where the first one ended. A photo whose key holds another content yields an `error`.
 * @throws GillnetError NOT_FOUND without any photo, and what the stores throw
 */
export async function* upload(options: UploadOptions): AsyncGenerator<GillnetEvent, void> {
  const { from, to, signal } = options;
  const began = performance.now();
  yield event('stage', { stage: 'upload', detail: `${from.location} → ${to.location}` });
  const { placed, ignored } = await placedIn(from);

  await to.prepare();
  const there = new Map<string, StoredObject>();
  for await (const object of to.list()) there.set(object.key, object);

  const counts = { sent: 0, there: 0, differs: 0 };
  let bytes = 0;
  let done = 0;
  const outcomes = mapConcurrent(placed, inFlight, async ({ object: photo }) => {
    signal?.throwIfAborted();
    const body = await from.get(photo);
    return { photo, outcome: await put(to, photo.key, body, there.get(photo.key)) };
  });
  for await (const { photo, outcome } of outcomes) {
    counts[outcome] += 1;
    if (outcome === 'sent') bytes += photo.bytes;
    if (outcome === 'differs') {
      const message = `Another photo stands in ${to.location} under this name, and is never overwritten. Rename yours, or remove the other.`;
      yield event('error', { code: 'EXISTS', message, photo: photo.key });
    }
    done += 1;
    if (done % progressEvery === 0) {
      yield event('progress', { stage: 'upload', done, total: placed.length });
    }
  }
  yield event('uploaded', {
    photos: counts.sent,
    bytes,
    present: counts.there,
    refused: counts.differs,
    ignored,
    seconds: (performance.now() - began) / 1000,
  });
}

async function put(
  to: Store,
  key: string,
  body: Buffer,
  present: StoredObject | undefined,
): Promise<'sent' | 'there' | 'differs'> {
  if (present) return (await to.holds(present, body)) ? 'there' : 'differs';
  try {
    await to.create(key, body);
    return 'sent';
  } catch (error) {
    if (codeOf(error) !== 'EXISTS') throw error;
    // Another upload was faster.
    const object = await to.find(key);
    return object && (await to.holds(object, body)) ? 'there' : 'differs';
  }
}
