// A program in a terminal of tmux's own, as a person would see it.
import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

/** A tmux server of its own with one window. */
export class Pane {
  #socket = `gillnet-pictures-${process.pid}`;
  #options;

  /** @param options columns and rows; the folder where programs run */
  constructor(options) {
    this.#options = options;
  }

  start(command) {
    const { columns, rows, folder } = this.#options;
    // What is set here for other runs would show.
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(CI|GILLNET_(?!CACHE|THREADS).*)$/.test(name),
    );
    const size = ['-x', String(columns), '-y', String(rows)];
    this.#tmux(
      [
        ...['-f', '/dev/null', 'start-server', ';', 'set', '-g', 'status', 'off', ';'],
        ...['set', '-g', 'default-terminal', 'tmux-256color', ';'],
        ...['new-session', '-d', ...size, '-c', folder, ...command],
      ],
      { env: { ...Object.fromEntries(own), COLORTERM: 'truecolor' } },
    );
  }

  /** What it shows, with the escape sequences of its colours. */
  captured() {
    return this.#tmux(['capture-pane', '-e', '-p']);
  }

  press(key) {
    this.#tmux(['send-keys', key]);
  }

  /** @throws Error with the screen, after `seconds` or the program's end */
  async waitFor(expected, seconds) {
    let screen = '';
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(200)) {
      screen = this.#tmux(['capture-pane', '-p']);
      if (expected.test(screen)) return;
    }
    throw new Error(`After ${seconds} s there is no ${expected} on the screen:\n${screen}`);
  }

  /** Waits until the program has ended, and the server with it. */
  async waitForEnd(seconds) {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(200)) {
      if (!this.#lives()) return;
    }
    throw new Error(`The program has not ended after ${seconds} s.`);
  }

  close() {
    if (this.#lives()) this.#tmux(['kill-server']);
  }

  #lives() {
    try {
      this.#tmux(['has-session']);
      return true;
    } catch {
      return false;
    }
  }

  #tmux(args, options = {}) {
    return execFileSync('tmux', ['-L', this.#socket, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    });
  }
}
