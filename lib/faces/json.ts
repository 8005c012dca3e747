import type { Writable } from 'node:stream';
import type { Face } from './face.js';

/** One JSON object a line. */
export function jsonFace(output: Writable): Face {
  return { read: (event) => void output.write(`${JSON.stringify(event)}\n`) };
}
