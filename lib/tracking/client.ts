import { GillnetError, messageOf } from '../errors.js';
import { isNetworkError, Server, type Warn } from '../server.js';
import type { TrackingServer } from './server-address.js';

/** Milliseconds that an answer may take; a file gets as many more as it needs at `slowestBytes` a second. */
const answerMilliseconds = 30_000;
const slowestBytes = 200_000;
const passingStatus = [408, 429, 500, 502, 503, 504];

interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** Below the server's address. */
  path: string;
  body?: string | Uint8Array;
}

/** MLflow's REST API, as far as gillnet speaks it: https://mlflow.org/docs/latest/api_reference/rest-api.html */
export class MlflowClient {
  readonly address: string;
  #headers: Record<string, string>;
  #server: Server;
  #signal: AbortSignal;

  /** @param signal ends all waiting */
  constructor({ address, authorization }: TrackingServer, signal: AbortSignal, warn?: Warn) {
    this.address = address;
    this.#headers = authorization === null ? {} : { authorization };
    this.#signal = signal;
    this.#server = new Server({
      ...{ name: `MLflow at ${address}`, signal, warn, isPassing },
      mend: 'Is it running there? `gillnet sync` tells it later what it has missed.',
      explain: (error) => explain(error, address),
    });
  }

  /** Asks with parameters in the address. @throws as `send` does */
  get<T>(path: string, parameters: Record<string, string>): Promise<T> {
    return this.#ask({ method: 'GET', path: `${api}${path}?${new URLSearchParams(parameters)}` });
  }

  /**
   * Sends JSON. @returns the answer
   * @throws GillnetError UNREACHABLE, DENIED, TRACKING for what the server refuses: see `refusal`; the signal's reason
   */
  send<T>(path: string, body: object, method: 'POST' | 'PATCH' = 'POST'): Promise<T> {
    return this.#ask({ method, path: `${api}${path}`, body: JSON.stringify(body) });
  }

  /** Puts a file where the server keeps artifacts. @throws as `send` does */
  async putArtifact(path: string, body: Uint8Array): Promise<void> {
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    await this.#ask({
      method: 'PUT',
      path: `/api/2.0/mlflow-artifacts/artifacts/${encoded}`,
      body,
    });
  }

  #ask<T>(request: Request): Promise<T> {
    return this.#server.call(() => this.#once(request));
  }

  async #once<T>({ method, path, body }: Request): Promise<T> {
    const bytes = body instanceof Uint8Array ? body.length : 0;
    const limit = answerMilliseconds + Math.ceil((1000 * bytes) / slowestBytes);
    const type = bytes > 0 ? 'application/octet-stream' : 'application/json';
    try {
      const response = await fetch(`${this.address}${path}`, {
        method,
        headers: { ...this.#headers, 'content-type': type },
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(limit)]),
        ...(body !== undefined && { body }),
      });
      const answer = await response.text();
      if (!response.ok) throw refusalOf(response.status, answer);
      // Of a file that was put.
      return JSON.parse(answer || '{}');
    } catch (error) {
      // fetch hides what has happened behind an error that says that it failed.
      throw error instanceof TypeError && error.cause ? error.cause : error;
    }
  }
}

const api = '/api/2.0/mlflow/';

/** MLflow's name for why it refuses something, such as `RESOURCE_DOES_NOT_EXIST`; null for any other error. */
export function refusal(error: unknown): string | null {
  const { cause } = error as Error;
  return cause instanceof Refusal ? cause.reason : null;
}

class Refusal extends Error {
  readonly code: string;

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

function isPassing(error: unknown): boolean {
  if (error instanceof Refusal) return passingStatus.includes(error.status);
  const { name, code } = error as NodeJS.ErrnoException;
  return name === 'TimeoutError' || String(code).startsWith('UND_ERR') || isNetworkError(error);
}

/** The error for a person of one that does not pass. */
function explain(cause: unknown, address: string): GillnetError {
  const at = `MLflow at ${address}`;
  if (!(cause instanceof Refusal)) {
    const { code } = cause as NodeJS.ErrnoException;
    const mend = /CERT|SIGNATURE|SSL|TLS/.test(String(code))
      ? 'Name its certificate with NODE_EXTRA_CA_CERTS=FILE, or check http and https in its address.'
      : 'Check the address: its port, and http or https.';
    return new GillnetError('TRACKING', `${at} can't be spoken to: ${messageOf(cause)}. ${mend}`, {
      cause,
    });
  }
  if (cause.status === 401 || cause.status === 403) {
    return new GillnetError(
      'DENIED',
      `${at} refuses who asks (${cause.status}). Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.`,
      { cause },
    );
  }
  return new GillnetError('TRACKING', `${at} refuses: ${cause.message} (${cause.code}).`, {
    cause,
  });
}
