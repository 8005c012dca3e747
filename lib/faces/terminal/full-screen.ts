import { changedRows, writing } from './frame.js';
import { withMembers } from './stream.js';

/** The terminal's other screen, taken for as long as a program draws on it. */

const enter = '\u001b[?1049h\u001b[?25l\u001b[2J';
/** Gives the terminal's first screen back, the cursor shown. */
export const leave = '\u001b[?25h\u001b[?1049l';
const clear = '\u001b[2J';
/** Between these a terminal that can shows nothing half drawn. */
const [begin, end] = ['\u001b[?2026h', '\u001b[?2026l'];

export interface FullScreen {
  /** For Ink's debug mode, which writes whole frames: only rows that changed reach the terminal. */
  output: NodeJS.WriteStream;
  /** Draws the next frame whole. */
  clear(): void;
  /** Gives the terminal back for a while, until `show`. */
  hide(): void;
  show(): void;
  /** Gives the terminal back, the cursor shown; called again, does nothing. */
  restore(): void;
}

type Draw = (frame: string, onWritten?: () => void) => boolean;

/** What lies over the frames. */
export interface Overlay {
  /** Rows, from 0, that the next frame has to write even if they are as before. */
  want(): number[];
  /** What to write behind a frame. @param written its rows that changed */
  draw(written: number[]): string;
  /** What to write before the screen is cleared or given back. */
  clear(): string;
}

/** @param stdout the terminal, to which nobody else writes */
export function takeFullScreen(stdout: NodeJS.WriteStream, overlay: Overlay): FullScreen {
  let rows: (string | undefined)[] = [];
  let taken = true;

  const draw: Draw = (frame, onWritten) => {
    // Ink waits for the last write by one of nothing, and writes when the process ends in whatever way.
    if (frame === '' || !taken) return stdout.write('', onWritten);
    const next = frame.split('\n');
    for (const row of overlay.want()) rows[row] = undefined;
    const written = changedRows(rows, next);
    rows = next;
    const changes = writing(written, next) + overlay.draw(written);
    return changes === '' || stdout.write(begin + changes + end);
  };
  const drawWhole = (sequence: string) => {
    rows = [];
    stdout.write(sequence);
  };
  const hide = () => void stdout.write(overlay.clear() + leave);
  const restore = () => {
    if (!taken) return;
    taken = false;
    process.off('exit', restore);
    hide();
  };

  stdout.write(enter);
  // Every way out passes here, that of an error that nobody caught as well.
  process.on('exit', restore);
  return {
    output: drawingOn(stdout, draw),
    clear: () => drawWhole(overlay.clear() + clear),
    hide,
    show: () => drawWhole(enter),
    restore,
  };
}

/** Standard output, with frames as what is written. */
function drawingOn(stdout: NodeJS.WriteStream, draw: Draw): NodeJS.WriteStream {
  const write = draw as NodeJS.WriteStream['write'];
  const output: NodeJS.WriteStream = withMembers(stdout, {
    write,
    // Ink would draw once more at the old size; the face draws anew.
    on: (type: string, listener: () => void) =>
      type === 'resize' ? output : stdout.on(type, listener),
  });
  return output;
}
