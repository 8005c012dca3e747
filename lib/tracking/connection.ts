import { timeLimit } from '../time-limit.js';
import type { TrackingServer } from './server-address.js';

/** Milliseconds that an answer may take; a file gets as many more as it needs at so many bytes a second. */
const answerMilliseconds = 30_000;
const leastBytesPerSecond = 200_000;

const api = '/api/2.0/mlflow/';

/** MLflow's REST API as far as gillnet speaks it, each request tried once: see mlflow.org/docs, `rest-api.html`. */
export class Connection {
  #address: string;
  #headers: Record<string, string>;
  #signal: AbortSignal;

  constructor({ address, authorization }: TrackingServer, signal: AbortSignal) {
    this.#address = address;
    this.#headers = authorization === null ? {} : { authorization };
    this.#signal = signal;
  }

  /** Asks with parameters in the address. @throws Refusal, the network's errors, the signal's reason */
  get<T>(path: string, parameters: Record<string, string>): Promise<T> {
    return this.#ask('GET', `${api}${path}?${new URLSearchParams(parameters)}`);
  }

  /** Sends JSON. @returns the answer @throws as `get` does */
  send<T>(path: string, body: object, method: 'POST' | 'PATCH' = 'POST'): Promise<T> {
    return this.#ask(method, `${api}${path}`, JSON.stringify(body));
  }

  /** Puts a file where the server keeps artifacts. @throws as `get` does */
  putArtifact(path: string, body: Uint8Array): Promise<void> {
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    return this.#ask('PUT', `/api/2.0/mlflow-artifacts/artifacts/${encoded}`, body);
  }

  /** @param path below the server's address */
  async #ask<T>(method: string, path: string, body?: string | Uint8Array): Promise<T> {
    const bytes = body instanceof Uint8Array ? body.length : 0;
    const milliseconds = answerMilliseconds + Math.ceil((1000 * bytes) / leastBytesPerSecond);
    const limit = timeLimit(milliseconds, this.#signal);
    const type = bytes > 0 ? 'application/octet-stream' : 'application/json';
    try {
      const response = await fetch(`${this.#address}${path}`, {
        method,
        headers: { ...this.#headers, 'content-type': type },
        signal: limit.signal,
        ...(body !== undefined && { body }),
      });
      const answer = await response.text();
      if (!response.ok) throw refusalOf(response.status, answer);
      // Nothing is said of a file that was put.
      return JSON.parse(answer || '{}');
    } catch (error) {
      // fetch hides what has happened behind an error that says that it failed.
      throw error instanceof TypeError && error.cause ? error.cause : error;
    } finally {
      limit.over();
    }
  }
}

/** An answer that says no. */
export class Refusal extends Error {
  readonly code: string;

  /** @param reason MLflow's name for it, such as `RESOURCE_DOES_NOT_EXIST`; null where none is given */
  constructor(
    readonly status: number,
    readonly reason: string | null,
    message: string,
  ) {
    super(message);
    this.code = reason ?? `HTTP ${status}`;
  }
}

function refusalOf(status: number, answer: string): Refusal {
  try {
    const { error_code: reason, message } = JSON.parse(answer);
    if (typeof reason === 'string') return new Refusal(status, reason, String(message));
  } catch {}
  return new Refusal(status, null, answer.slice(0, 200).trim() || `status ${status}`);
}
