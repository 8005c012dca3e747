import type { Writable } from 'node:stream';
import type { GillnetEvent } from '../pipeline/events.js';
import { comparisonLines } from './comparison.js';
import { describe } from './event-lines.js';
import type { Face } from './face.js';
import { loss } from './format.js';

/** Between two lines that only tell of progress. */
const quietMilliseconds = 10_000;

/** One line an event, no cursor control: for logs, pipes and CI. Errors go to `errors`. */
export function linesFace(output: Writable, errors: Writable, now: () => number = Date.now): Face {
  let spoke = now();
  const say = (line: string) => {
    output.write(`${line}\n`);
    spoke = now();
  };
  return {
    read(event) {
      if (event.type === 'error') errors.write(`${describe(event)}\n`);
      else {
        const line =
          describe(event) ?? (now() - spoke >= quietMilliseconds ? progressLine(event) : null);
        if (line !== null) say(line);
        if (event.type === 'compared') comparisonLines(event).forEach(say);
      }
    },
  };
}

function progressLine(event: GillnetEvent): string | null {
  if (event.type === 'progress') return `${event.stage}: ${event.done} of ${event.total}`;
  if (event.type !== 'step') return null;
  const { epoch, step, steps, imagesPerSecond } = event;
  return `epoch ${epoch}, step ${step}/${steps}: loss ${loss(event.loss)}, ${imagesPerSecond.toFixed(1)} images/s`;
}
