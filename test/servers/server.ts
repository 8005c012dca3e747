import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { clean, cleanOrphans, endGroup, makeFolder, recordServer } from './folder.js';
import { freePort } from './ports.js';

/** Of a server: where it is and what it may write to. */
export interface Place {
  host: string;
  port: number;
  /** Its own, outside of which it writes nothing. */
  folder: string;
}

export interface ServerKind {
  name: string;
  program: string;
  /** Until it has to answer; `startSeconds` where it is left out. */
  startSeconds?: number;
  /** Before the first start. */
  prepare?(place: Place): Promise<void>;
  args(place: Place): string[];
  /** Of the server itself. */
  environment?: Record<string, string>;
  /** Asks what a user would ask; throws or gives false until that is answered. */
  isReady(place: Place): Promise<boolean>;
  /** What a program needs in its environment to use this server. */
  env(place: Place): Record<string, string>;
}

/** A real server on a free port of the loopback address, which ends with the process that started it. */
export interface RunningServer extends Place {
  readonly name: string;
  /** Add it to `process.env` for a program that shall use this server. */
  readonly env: Record<string, string>;
  readonly pid: number;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again, at the same port and with the same data. */
  start(): Promise<void>;
  /** Ends it and deletes what it wrote, sooner than the end of this process would. */
  discard(): Promise<void>;
}

const startSeconds = 30;
const stopSeconds = 20;

/** Starts a server, and waits until it answers. @throws with the end of its log */
export async function startServer(kind: ServerKind): Promise<RunningServer> {
  cleanOrphans();
  const folder = makeFolder();
  watch(folder);
  for (let attempt = 1; ; attempt += 1) {
    const server = new Server(kind, { host: '127.0.0.1', port: await freePort(), folder });
    try {
      if (attempt === 1) await kind.prepare?.(server);
      await server.start();
      return server;
    } catch (error) {
      // Another process may have taken the port since it was found free.
      if (attempt === 3 || !/in use/i.test(String(error))) throw error;
    }
  }
}

class Server implements RunningServer {
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  readonly name: string;
  readonly env: Record<string, string>;
  #kind: ServerKind;
  #process: ChildProcess | undefined;

  constructor(kind: ServerKind, place: Place) {
    this.host = place.host;
    this.port = place.port;
    this.folder = place.folder;
    this.name = kind.name;
    this.env = kind.env(place);
    this.#kind = kind;
  }

  get pid(): number {
    if (!this.#runs) throw new Error(`${this.name} is not running.`);
    return this.#process?.pid as number;
  }

  async start(): Promise<void> {
    if (this.#runs) throw new Error(`${this.name} is running already.`);
    const log = openSync(this.#log, 'a');
    this.#process = spawn(this.#kind.program, this.#kind.args(this), {
      cwd: this.folder,
      env: { PATH: process.env.PATH, HOME: this.folder, ...this.#kind.environment },
      stdio: ['ignore', log, log],
      // Ctrl-C in a terminal is not for the servers: their end is decided here.
      detached: true,
    });
    closeSync(log);
    const failure = new Promise<never>((_, reject) => this.#process?.once('error', reject));
    failure.catch(() => {});
    if (this.#process.pid) recordServer(this.folder, this.#process.pid);
    // A server that runs must not keep the tests from ending.
    this.#process.unref();
    await Promise.race([this.#ready(), failure]);
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async discard(): Promise<void> {
    await this.kill();
    clean(this.folder);
  }

  get #runs(): boolean {
    const { pid, exitCode, signalCode } = this.#process ?? {};
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  get #log(): string {
    return path.join(this.folder, 'log');
  }

  async #ready(): Promise<void> {
    const seconds = this.#kind.startSeconds ?? startSeconds;
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      const ready = await this.#kind.isReady(this).catch(() => false);
      if (!this.#runs) throw this.#failed('ended at once');
      if (ready) return;
      if (performance.now() > deadline) {
        await this.kill();
        throw this.#failed(`did not answer within ${seconds} s`);
      }
      await pause(20);
    }
  }

  #failed(how: string): Error {
    const end = readFileSync(this.#log, 'utf8').split('\n').slice(-20).join('\n');
    return new Error(`${this.name} ${how} (${this.host}:${this.port}). Its log ends:\n${end}`);
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (!child || !this.#runs) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.ref();
    const { pid } = this;
    endGroup(pid, signal);
    const patience = setTimeout(() => endGroup(pid, 'SIGKILL'), stopSeconds * 1000);
    await ended;
    clearTimeout(patience);
  }
}

let watchdog: ChildProcess | undefined;

/** Hands a folder to the watchdog, which cleans it when this process has ended. */
function watch(folder: string): void {
  if (!watchdog) {
    const script = fileURLToPath(new URL('./watchdog.js', import.meta.url));
    watchdog = spawn(process.execPath, [script], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    watchdog.unref();
    (watchdog.stdin as unknown as { unref(): void }).unref();
  }
  watchdog.stdin?.write(`${folder}\n`);
}
