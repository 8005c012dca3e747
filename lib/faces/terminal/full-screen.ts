import type { PictureLayer } from './pictures/layer.js';
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

/** @param stdout the terminal, to which nobody else writes */
export function takeFullScreen(stdout: NodeJS.WriteStream, pictures: PictureLayer): FullScreen {
  let rows: (string | undefined)[] = [];
  let taken = true;

  const draw = (frame: string, onWritten?: () => void): boolean => {
    // Ink waits for the last write by one of nothing, and writes when the process ends in whatever way.
    if (frame === '' || !taken) return stdout.write('', onWritten);
    const next = frame.split('\n');
    for (const row of pictures.want()) rows[row] = undefined;
    const written = changedRows(rows, next);
    rows = next;
    const changes = writing(written, next) + pictures.draw(written);
    return changes === '' || stdout.write(begin + changes + end);
  };
  const drawWhole = (sequence: string) => {
    rows = [];
    stdout.write(sequence);
  };
  const hide = () => void stdout.write(pictures.clear() + leave);
  const restore = () => {
    if (!taken) return;
    taken = false;
    process.off('exit', restore);
    hide();
  };

  const output: NodeJS.WriteStream = withMembers(stdout, {
    write: draw as NodeJS.WriteStream['write'],
    // Ink would draw once more at the old size; the face draws anew.
    on: (type: string, listener: () => void) =>
      type === 'resize' ? output : stdout.on(type, listener),
  });

  stdout.write(enter);
  // Every way out passes here, that of an error that nobody caught as well.
  process.on('exit', restore);
  return {
    output,
    clear: () => drawWhole(pictures.clear() + clear),
    hide,
    show: () => drawWhole(enter),
    restore,
  };
}

/** Rows, from 0, in which one frame differs from the other. */
export function changedRows(before: (string | undefined)[], after: string[]): number[] {
  return Array.from({ length: Math.max(before.length, after.length) }, (_, row) => row).filter(
    (row) => before[row] !== after[row],
  );
}

/** What writes these rows. Erased first: behind a row as wide as the terminal, erasing would take its last character. */
export function writing(rows: number[], frame: string[]): string {
  return rows.map((row) => `\u001b[${row + 1};1H\u001b[2K${frame[row] ?? ''}`).join('');
}
