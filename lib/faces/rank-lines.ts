import type { Writable } from 'node:stream';
import type { Face } from './face.js';
import { printable } from './format.js';

/** What a rank other than 0 says, among the lines of the others. */
export const rankLine = (rank: number, text: string) => `rank ${rank}: ${printable(text)}\n`;

/** Of a rank other than 0, which draws nothing: what a person should know of this process, on `errors`. */
export function rankFace(rank: number, errors: Writable): Face {
  const say = (text: string) => errors.write(rankLine(rank, text));
  return {
    read(event) {
      if (event.type === 'warning') say(`warning [${event.code}]: ${event.message}`);
      else if (event.type === 'skipped') say(`skipped ${event.photo}: ${event.reason}`);
    },
  };
}
