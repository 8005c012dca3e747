import { changedRows } from './frame.js';

/** The terminal's other screen, taken for as long as a program draws on it. */

const enter = '\u001b[?1049h\u001b[?25l\u001b[2J';
const leave = '\u001b[?25h\u001b[?1049l';
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

type Draw = (frame: string, written?: () => void) => boolean;

/** @param overhear called with each line that something else writes meanwhile */
export function takeFullScreen(overhear: (line: string) => void): FullScreen {
  const { stdout, stderr } = process;
  const originals = { stdout: stdout.write, stderr: stderr.write };
  const write = stdout.write.bind(stdout);
  const ears = [ear(overhear), ear(overhear)] as const;
  let rows: string[] = [];
  let taken = true;

  const draw: Draw = (frame, written) => {
    // Ink waits for the last write by one of nothing.
    if (frame === '') return write(frame, written);
    const next = frame.split('\n');
    const changes = changedRows(rows, next);
    rows = next;
    return changes === '' || write(begin + changes + end);
  };
  const restore = () => {
    if (!taken) return;
    taken = false;
    process.off('exit', restore);
    write(leave);
    stdout.write = originals.stdout;
    stderr.write = originals.stderr;
    for (const { finish } of ears) finish();
  };

  write(enter);
  stdout.write = ears[0].write;
  stderr.write = ears[1].write;
  // Every way out passes here, that of an error that nobody caught as well.
  process.on('exit', restore);
  return {
    output: drawingOn(stdout, draw),
    clear: () => {
      rows = [];
      write(clear);
    },
    hide: () => void write(leave),
    show: () => {
      rows = [];
      write(enter);
    },
    restore,
  };
}

/** Standard output, with frames as what is written. */
function drawingOn(stdout: NodeJS.WriteStream, draw: Draw): NodeJS.WriteStream {
  return new Proxy(stdout, {
    get(target, name, proxy) {
      if (name === 'write') return draw;
      // Ink would draw once more at the old size; the face draws anew.
      if (name === 'on')
        return (type: string, listener: () => void) =>
          type === 'resize' ? proxy : target.on(type, listener);
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A `write` that hands on whole lines. */
function ear(overhear: (line: string) => void) {
  let rest = '';
  const write = ((chunk: string | Uint8Array, ...others: unknown[]) => {
    const lines = (rest + (typeof chunk === 'string' ? chunk : Buffer.from(chunk))).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') overhear(line);
    const done = others.find((other) => typeof other === 'function');
    if (typeof done === 'function') process.nextTick(done);
    return true;
  }) as NodeJS.WriteStream['write'];
  const finish = () => {
    if (rest.trim() !== '') overhear(rest);
    rest = '';
  };
  return { write, finish };
}
