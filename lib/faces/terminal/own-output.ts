import { loadNativeTerminal, type NativeTerminal } from '../../native-terminal.js';
import { OutputFile } from './output-file.js';
import { withMembers } from './stream.js';

/** Until a line that something else writes is told. */
const pollMilliseconds = 250;

/**
 * Signals that Ink's libraries listen for, too. libuv puts its handler in the place of any other when the first
 * one listens, and the default one when the last one leaves: someone listens from before the addon's to after it.
 */
const sharedSignals = ['SIGABRT', 'SIGTRAP', 'SIGSYS', 'SIGQUIT', 'SIGXCPU', 'SIGALRM'] as const;

/** The terminal's output, for one who draws. */
export interface OwnOutput {
  /** Standard output as it was: what is written here reaches the terminal. */
  stdout: NodeJS.WriteStream;
  /** What a crash leaves: a sequence that gives the screen back, and words below what else was written. */
  setLastWords(restore: string, farewell: string): void;
  /** Tells the lines that have come, without waiting. */
  collect(): void;
  /** Tells the rest and gives all back; called again, does nothing. */
  release(): void;
}

/**
 * Takes what JavaScript, native code and child processes write to standard output and error, so that nothing
 * comes between what is drawn. What does not go to a terminal stays where it goes. Without the native addon only
 * JavaScript's writing is taken, and a crash gives nothing back.
 * @param onLine called with each line, a quarter of a second after it was written at the latest
 */
export function takeOutput(onLine: (line: string) => void): OwnOutput {
  const { stdout, stderr } = process;
  const streams = [stdout, stderr].filter(({ isTTY }) => isTTY);
  const originals = streams.map((stream) => [stream, stream.write] as const);
  const write = stdout.write.bind(stdout);
  const file = new OutputFile();
  const listen = () => {};
  let taken = true;

  for (const signal of sharedSignals) process.on(signal, listen);
  const native = holdNatively(file.descriptor);
  const tell = (lines: string[]) => {
    native?.setTold(file.position);
    for (const line of lines) onLine(line);
  };
  const collect = () => tell(file.read());
  const poll = setInterval(collect, pollMilliseconds).unref();
  const release = () => {
    if (!taken) return;
    taken = false;
    process.off('exit', release);
    clearInterval(poll);
    native?.release();
    for (const [stream, original] of originals) stream.write = original;
    for (const signal of sharedSignals) process.off(signal, listen);
    tell(file.readRest());
    file.close();
  };

  for (const stream of streams) stream.write = writingTo(file);
  // Every way out that JavaScript knows of passes here.
  process.on('exit', release);
  return {
    stdout: withMembers(stdout, { write }),
    setLastWords: (restore, farewell) => native?.setLastWords(restore, farewell),
    collect,
    release,
  };
}

/** Null without the addon, or where Node draws through descriptor 1 itself, which would be taken from it. */
function holdNatively(file: number): NativeTerminal | null {
  const { _handle: handle } = process.stdout as { _handle?: { fd?: number } };
  // libuv opens a terminal anew where it can, and keeps to that descriptor.
  if (handle?.fd === undefined || handle.fd <= 2) return null;
  const native = loadNativeTerminal();
  try {
    native?.hold(file, handle.fd);
    return native;
  } catch {
    return null;
  }
}

/** A `write` of a stream that goes into the file, between what native code writes there. */
function writingTo(file: OutputFile): NodeJS.WriteStream['write'] {
  return ((chunk: string | Uint8Array, ...others: unknown[]) => {
    file.write(chunk);
    const done = others.find((other) => typeof other === 'function');
    if (typeof done === 'function') process.nextTick(done);
    return true;
  }) as NodeJS.WriteStream['write'];
}
