import type { GillnetEvent } from '../pipeline/events.js';
import type { ServingBodies } from '../pipeline/serving-events.js';
import { count, duration, plural } from './format.js';

/** One line that tells an event of a server. */
export function servingLine(event: GillnetEvent<keyof ServingBodies>): string {
  switch (event.type) {
    case 'serving': {
      const how = event.int8 ? ' in int8' : '';
      const beside = event.shadow ? `, ${event.shadow} in its shadow` : '';
      return `serving ${event.model}${how} at ${event.address}${beside}; Ctrl-C ends it`;
    }
    case 'shown':
      return `runs are shown at ${event.url}`;
    case 'served':
      return `${event.model} serves${event.shadow ? ' in the shadow' : ''}, before ${event.before}`;
    case 'answered': {
      const status = event.aborted ? 'broken off' : event.status;
      const photos = event.photos > 0 ? `, ${plural(event.photos, 'photo')}` : '';
      return `${event.client} ${event.method} ${event.path}: ${status} in ${event.milliseconds.toFixed(1)} ms${photos} (${event.id})`;
    }
    case 'draining':
      return `takes no more requests; ${plural(event.photos, 'photo')} under way`;
    case 'stopped':
      return `stopped after ${duration(event.seconds)} and ${count(event.requests)} requests`;
  }
}
