import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import pRetry from 'p-retry';
import { unlessAborted } from './concurrency.js';
import { GillnetError, messageOf } from './errors.js';

/** Tells a person of something that stops nothing. */
export type Warn = (code: string, message: string) => void;

/** Who calls a server. */
export interface Caller {
  /** Told when the server goes away, and when it is back. */
  warn?: Warn | undefined;
  /** Ends all waiting with its reason. */
  signal?: AbortSignal | undefined;
}

export interface ServerOptions extends Caller {
  /** What answers and where, for messages: `The S3 server at 127.0.0.1:9000`. */
  name: string;
  /** What to do when it can't be reached, as a sentence. */
  mend: string;
  /** Seconds that it has to answer for the first time, when nothing has been done that could be lost; default 3. */
  firstPatience?: number | undefined;
  /** True for an error that the same call may not meet again: a reset, a time-out, a busy server. */
  isPassing: (error: unknown) => boolean;
  /** The error for a person of one that will not pass. */
  explain: (error: unknown) => GillnetError;
}

/** Seconds for a server that has answered before: it is being restarted, and hours may be at stake. */
const laterPatience = 120;

/** A server as its callers see it: one that may go away for a while and comes back. */
export class Server {
  #options: ServerOptions;
  #answered = false;
  #away = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    // Each call under way listens, and many may be.
    if (options.signal) setMaxListeners(0, options.signal);
  }

  /**
   * Calls the server, again and again with growing pauses while its errors are passing ones. An outage
   * is told once, however many calls it meets.
   * @param work one call, which may be repeated
   * @throws GillnetError UNREACHABLE when patience ends, what `explain` makes of other errors, and the
   *   signal's reason
   */
  async call<T>(work: () => Promise<T>): Promise<T> {
    const { isPassing, explain, signal, firstPatience = 3 } = this.#options;
    const first = !this.#answered;
    const patience = first ? firstPatience : laterPatience;
    const end = () => performance.now() + patience * 1000;
    // Later counted from the first failure: a long upload may break off at its end.
    let deadline = first ? end() : undefined;
    try {
      const result = await pRetry(
        // A server that is silent must not hold up a person who wants to stop.
        () => unlessAborted(this.#once(work, first && deadline), signal),
        {
          retries: Number.POSITIVE_INFINITY,
          minTimeout: 100,
          maxTimeout: first ? 500 : 5_000,
          randomize: true,
          ...(signal && { signal }),
          shouldRetry: ({ error }) => {
            deadline ??= end();
            return isPassing(error) && performance.now() < deadline;
          },
          onFailedAttempt: ({ error, attemptNumber }) => {
            // A kept connection may have been closed by the other side, which the next try mends.
            if (attemptNumber > 1 && isPassing(error)) this.#tellAway(error);
          },
        },
      );
      this.#tellBack();
      return result;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (isPassing(error)) throw this.#unreachable(error, patience);
      this.#tellBack();
      throw error instanceof GillnetError ? error : explain(error);
    }
  }

  /**
   * Before the first answer a silent host must not hold anyone up; later each call has its own limits.
   * @param deadline of `performance.now()`
   */
  async #once<T>(work: () => Promise<T>, deadline: number | false | undefined): Promise<T> {
    if (!deadline) return work();
    let timer: NodeJS.Timeout | undefined;
    // The last try begins behind the deadline, and is to say what is wrong.
    const least = 500;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(timedOut()), Math.max(least, deadline - performance.now()));
    });
    try {
      return await Promise.race([work(), silence]);
    } finally {
      clearTimeout(timer);
    }
  }

  #tellAway(error: unknown): void {
    if (this.#away || !this.#answered) return;
    this.#away = true;
    this.#options.warn?.(
      'SERVER_AWAY',
      `${this.#options.name} does not answer (${reasonOf(error)}); trying again for ${laterPatience} s.`,
    );
  }

  #tellBack(): void {
    if (this.#away) this.#options.warn?.('SERVER_BACK', `${this.#options.name} answers again.`);
    this.#away = false;
    this.#answered = true;
  }

  #unreachable(error: unknown, seconds: number): GillnetError {
    const { name, mend } = this.#options;
    return new GillnetError(
      'UNREACHABLE',
      `${name} can't be reached: ${reasonOf(error)}, for ${seconds} s. ${mend}`,
      { cause: error },
    );
  }
}

const passingCodes = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH'],
  ...['ENETUNREACH', 'ENETDOWN', 'EAI_AGAIN', 'ENOTFOUND'],
]);

/** True for what the network does to any connection. */
export function isNetworkError(error: unknown): boolean {
  const { code, errors } = error as NodeJS.ErrnoException & { errors?: unknown[] };
  // A name with several addresses fails with one error for each.
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isNetworkError);
  return passingCodes.has(String(code)) || messageOf(error) === 'socket hang up';
}

/** Certificates to trust, PEM. @param name of what names the file, for messages @throws GillnetError USAGE */
export function readCertificates(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new GillnetError(
      'USAGE',
      `${name} can't be read: ${messageOf(cause)}. Expected a file of certificates (PEM).`,
      { cause },
    );
  }
}

/** True for a name or address of this machine. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host);
}

function timedOut(): Error {
  return Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code ? `${code}` : messageOf(error);
}
