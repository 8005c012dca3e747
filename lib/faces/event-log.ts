import { appendFileSync } from 'node:fs';
import type { Face } from './face.js';

/** Appends every event to a file of JSON lines, at once, so that a kill loses none. */
export function eventLog(file: string): Face {
  return {
    read: (event) => appendFileSync(file, `${JSON.stringify(event)}\n`),
    close: async () => {},
  };
}
