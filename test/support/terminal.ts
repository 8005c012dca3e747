import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import emulator from '@xterm/headless';
import { root, suite } from './suite.js';
import { ownReports, reportCode } from './terminal-report.js';

/** What a pseudo-terminal needs; macOS has a `script` too, but with other flags. */
const pseudoTerminal =
  process.platform === 'linux'
    ? ['/usr/bin/script', '/usr/bin/stty']
    : ['/usr/bin/script of util-linux'];

/** A suite whose tests are skipped, and counted so, where there is no pseudo-terminal. */
export function terminalSuite(name: string) {
  const tests = suite(name);
  const add = (title: string, body: () => void | Promise<void>) =>
    tests.needs(pseudoTerminal, title, body);
  return Object.assign(add, { run: () => tests.run() });
}

/** `gillnet ARGS`, as words for `Terminal.start`. */
export const gillnet = (...args: string[]) => [
  process.execPath,
  path.join(root, 'scripts/gillnet.mjs'),
  ...args,
];

export interface TerminalOptions {
  cwd: string;
  /** Besides this process's own, without what keeps programs from drawing. */
  env?: Record<string, string>;
  columns?: number;
  rows?: number;
}

export interface Exit {
  status: number | null;
  signal: NodeJS.Signals | null;
}

/** What a screen is to show. */
export type Expected = string | RegExp | ((text: string) => boolean);

/** A real pseudo-terminal with a program in it, and an emulator that draws what the program writes. */
export class Terminal {
  /** How the program ended, once all that it wrote is drawn. */
  readonly exit: Promise<Exit>;
  #started: Promise<void>;
  #script: ChildProcess;
  #emulator: InstanceType<typeof emulator.Terminal>;
  #output = '';
  #cursorVisible = true;
  #changed = new Set<() => void>();
  #program = { pid: 0, tty: '', settings: '' };
  #closed = false;

  private constructor(command: string[], options: TerminalOptions) {
    const { cwd, env = {}, columns = 100, rows = 30 } = options;
    this.#emulator = new emulator.Terminal({
      ...{ cols: columns, rows, scrollback: 1000, allowProposedApi: true },
    });
    const inside = fileURLToPath(new URL('in-terminal.js', import.meta.url));
    const words = [process.execPath, inside, rows, columns, ...command].map((word) =>
      quoted(String(word)),
    );
    this.#script = spawn('script', ['-qfec', `exec ${words.join(' ')}`, '/dev/null'], {
      cwd,
      env: environment(env),
      stdio: 'pipe',
    });
    this.#draw();
    let started = () => {};
    this.#started = new Promise((resolve) => {
      started = resolve;
    });
    this.exit = new Promise((resolve) => {
      this.#emulator.parser.registerOscHandler(reportCode, (text) => {
        const { kind, ...facts } = JSON.parse(text);
        if (kind === 'started') {
          this.#program = facts;
          started();
        } else resolve(facts);
        return true;
      });
    });
  }

  /** Starts a program in a terminal of its own, below three lines of what was there before. */
  static async start(command: string[], options: TerminalOptions): Promise<Terminal> {
    const terminal = new Terminal(command, options);
    await terminal.#started;
    return terminal;
  }

  /** The lines that the terminal shows, without trailing spaces. */
  screen(): string[] {
    const { active } = this.#emulator.buffer;
    return lines(active, active.baseY, active.baseY + this.#emulator.rows);
  }

  /** All lines of the main screen, those that scrolled away among them. */
  history(): string[] {
    const { normal } = this.#emulator.buffer;
    return lines(normal, 0, normal.length);
  }

  /** All that the program wrote, escape sequences among it. */
  get output(): string {
    return this.#output.replace(ownReports, '');
  }

  /** Waits until the screen shows this. @throws Error with the screen, after `seconds` or the terminal's end */
  async waitFor(expected: Expected, seconds = 20): Promise<void> {
    const shown = () => {
      const text = this.screen().join('\n');
      if (typeof expected === 'string') return text.includes(expected);
      return typeof expected === 'function' ? expected(text) : expected.test(text);
    };
    await this.#until(shown, seconds, String(expected));
  }

  /** Types; `\x03` is Ctrl-C, `\r` Enter. */
  press(keys: string): void {
    this.#script.stdin?.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#emulator.resize(columns, rows);
    this.#stty('rows', String(rows), 'cols', String(columns));
  }

  /** The terminal's modes, as `stty -a` gives them, but for its size. */
  settings(): string {
    return withoutSize(this.#stty('-a'));
  }

  /** What the emulator is in, as a program may leave it behind. */
  state() {
    const { bracketedPasteMode, mouseTrackingMode, applicationCursorKeysMode, insertMode } =
      this.#emulator.modes;
    return {
      settings: this.settings(),
      cursorVisible: this.#cursorVisible,
      buffer: this.#emulator.buffer.active.type,
      /** Where the shell's prompt would begin. */
      cursorColumn: this.#emulator.buffer.active.cursorX,
      ...{ bracketedPasteMode, mouseTrackingMode, applicationCursorKeysMode, insertMode },
    };
  }

  /** `state()` of a terminal that no program has touched. */
  untouched(): ReturnType<Terminal['state']> {
    return {
      settings: withoutSize(this.#program.settings),
      cursorVisible: true,
      buffer: 'normal',
      cursorColumn: 0,
      ...{ bracketedPasteMode: false, mouseTrackingMode: 'none' },
      ...{ applicationCursorKeysMode: false, insertMode: false },
    };
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** Sends the program a signal. */
  kill(signal: NodeJS.Signals): void {
    process.kill(this.#program.pid, signal);
  }

  /** Closes the terminal; what still runs in it is hung up on. */
  close(): void {
    this.#script.kill('SIGKILL');
  }

  #draw(): void {
    const decoder = new TextDecoder();
    const take = (chunk: Buffer) => {
      this.#output += decoder.decode(chunk, { stream: true });
      this.#emulator.write(chunk, () => this.#tell());
    };
    this.#script.stdout?.on('data', take);
    this.#script.stderr?.on('data', take);
    this.#script.on('close', () => {
      this.#closed = true;
      this.#tell();
    });
    this.#script.stdin?.on('error', () => {});
    // A program may ask a terminal where its cursor is or what it can do.
    this.#emulator.onData((answer) => this.press(answer));
    for (const final of ['h', 'l']) {
      this.#emulator.parser.registerCsiHandler({ prefix: '?', final }, (modes) => {
        if (modes.includes(25)) this.#cursorVisible = final === 'h';
        return false;
      });
    }
  }

  #tell(): void {
    for (const tell of this.#changed) tell();
  }

  #until(reached: () => boolean, seconds: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (finish: () => void) => {
        clearTimeout(timer);
        this.#changed.delete(look);
        finish();
      };
      const fail = (why: string) =>
        end(() => reject(new Error(`${why} ${what}. The screen:\n${this.screen().join('\n')}`)));
      const timer = setTimeout(() => fail(`After ${seconds} s there is no`), seconds * 1000);
      const look = () => {
        if (reached()) end(resolve);
        else if (this.#closed) fail('The terminal ended without');
      };
      this.#changed.add(look);
      look();
    });
  }

  #stty(...args: string[]): string {
    return execFileSync('stty', ['-F', this.#program.tty, ...args], { encoding: 'utf8' });
  }
}

/** That of a person at a terminal: many programs take an empty CI or FORCE_COLOR for one that is set. */
function environment(env: Record<string, string>): Record<string, string> {
  const terminal = { TERM: 'xterm-256color', COLORTERM: 'truecolor', SHELL: '/bin/sh' };
  const notSet = /^(CI|CI_.*|CONTINUOUS_INTEGRATION|NO_COLOR|FORCE_COLOR|GILLNET_WEIGHTS)$/;
  const own = Object.entries(process.env).filter(([name]) => !notSet.test(name));
  return { ...Object.fromEntries(own), ...terminal, ...env } as Record<string, string>;
}

type BufferOf = InstanceType<typeof emulator.Terminal>['buffer']['active'];

function lines(buffer: BufferOf, from: number, to: number): string[] {
  return Array.from(
    { length: to - from },
    (_, index) => buffer.getLine(from + index)?.translateToString(true) ?? '',
  );
}

function withoutSize(settings: string): string {
  return settings.replace(/rows \d+; columns \d+;/, '').trim();
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
