import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { GillnetEvent } from '../pipeline/events.js';
import type { Face } from './face.js';

/** In a run's folder: its events as JSON lines, those of a resumed run behind the earlier ones. */
export const eventLogName = 'events.jsonl';

/** Appends every event to a file of JSON lines, at once, so that a kill loses none. */
export function eventLog(file: string): Face {
  // A crash or a full disk may have left half a line, which would take the next event with it.
  if (endsWithin(file)) appendFileSync(file, '\n');
  return { read: (event) => appendFileSync(file, `${JSON.stringify(event)}\n`) };
}

/** The event of a log's line; null for a damaged one. */
export function loggedEvent(line: string): GillnetEvent | null {
  try {
    const value = JSON.parse(line);
    const whole = typeof value?.type === 'string' && !Number.isNaN(Date.parse(value.time));
    return whole ? value : null;
  } catch {
    return null;
  }
}

/** True for a run's last event; errors that name a photo are told on the way. A log goes on where its run was resumed. */
export function endsRun(event: GillnetEvent): boolean {
  return event.type === 'done' || (event.type === 'error' && event.photo === undefined);
}

/** How a run ended, by the event that ends it. */
export function endOf(
  event: GillnetEvent<'done'> | GillnetEvent<'error'>,
): 'done' | 'stopped' | 'failed' {
  if (event.type === 'error') return event.code === 'INTERRUPTED' ? 'stopped' : 'failed';
  return event.interrupted ? 'stopped' : 'done';
}

function endsWithin(file: string): boolean {
  const descriptor = openSync(file, 'a+');
  try {
    const { size } = fstatSync(descriptor);
    const last = Buffer.alloc(1);
    return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last.toString() !== '\n';
  } finally {
    closeSync(descriptor);
  }
}
