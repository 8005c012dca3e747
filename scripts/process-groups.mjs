// Node programs, each in a process group of its own, so that its end takes along what it has started.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { root } from './shell.mjs';

const signals = ['SIGINT', 'SIGTERM'];

export class Groups {
  #running = new Set();
  interrupted = false;

  constructor() {
    // npm passes on what the terminal has sent already: neither may end the runner before it has counted.
    for (const signal of signals) process.on(signal, this.interrupt);
  }

  /** Ends those that run. */
  interrupt = (signal) => {
    this.interrupted = true;
    for (const { pid } of this.#running) endGroup(pid, signal);
  };

  /** Leaves signals alone from now on. */
  close() {
    for (const signal of signals) process.off(signal, this.interrupt);
  }

  /**
   * @param output the file that gets what it prints; null for the terminal
   * @returns whether it ended well, and how otherwise
   */
  run(file, { env, limitSeconds, output }) {
    const printed = output ? openSync(output, 'a') : 'inherit';
    return new Promise((resolve) => {
      const stdio = ['ignore', printed, printed];
      const child = spawn(process.execPath, [file], { cwd: root, env, stdio, detached: true });
      if (output) closeSync(printed);
      this.#running.add(child);
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        endGroup(child.pid, 'SIGKILL');
      }, limitSeconds * 1000);
      child.on('exit', (status, signal) => {
        clearTimeout(timer);
        this.#running.delete(child);
        endGroup(child.pid, 'SIGKILL');
        const how = late ? `, killed after ${limitSeconds} s` : `, ended with ${signal ?? status}`;
        const well = status === 0 && !this.interrupted;
        resolve({ well, how: well ? '' : how });
      });
    });
  }
}

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}
