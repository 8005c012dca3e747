import type { Writable } from 'node:stream';
import type { Settings } from '../config.js';
import type { Control, Face } from './face.js';

export type FaceMode = 'json' | 'lines' | 'terminal';

/** JSON lines when asked for; the terminal's screen where a person sees it and can type; plain lines elsewhere. */
export function faceMode(settings: Pick<Settings, 'json' | 'plain'>): FaceMode {
  if (settings.json) return 'json';
  const { stdin, stdout } = process;
  const { CI, CONTINUOUS_INTEGRATION, TERM } = process.env;
  const unattended =
    !stdout.isTTY || !stdin.isTTY || CI || CONTINUOUS_INTEGRATION || TERM === 'dumb';
  return settings.plain || unattended ? 'lines' : 'terminal';
}

/** The face of this mode; the terminal's is loaded only where it is shown. */
export async function openFace(
  mode: FaceMode,
  control: Control,
  pictures: Settings['pictures'],
): Promise<Face> {
  if (mode === 'json') return jsonFace(process.stdout);
  if (mode === 'lines')
    return (await import('./lines.js')).linesFace(process.stdout, process.stderr);
  settleLibraries();
  return (await import('./terminal/face.js')).terminalFace(control, pictures);
}

/** One JSON object a line. */
export function jsonFace(output: Writable): Face {
  return { read: (event) => void output.write(`${JSON.stringify(event)}\n`) };
}

/** React, Ink and chalk read the environment for themselves when they are loaded, and in their own way. */
function settleLibraries(): void {
  // React's development build measures every frame, and keeps the measurements.
  process.env.NODE_ENV ??= 'production';
  // Ink takes an empty one for one that is set, and then draws nothing.
  delete process.env.CI;
  delete process.env.CONTINUOUS_INTEGRATION;
  if (process.env.NO_COLOR) process.env.FORCE_COLOR ??= '0';
}
