import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { rootCertificates } from 'node:tls';
import type { Account } from './account.js';

/** Milliseconds without a byte on a connection, after which it is given up. */
const idleMilliseconds = 30_000;
/** Connections to one server: what bounds parallel downloads, however many are asked for. */
const connections = 16;
/** Of a server that is busy, restarting, or behind a gateway that is. */
const passingStatus = [408, 429, 500, 502, 503, 504];

type Request = (
  options: http.RequestOptions,
  onResponse: (response: http.IncomingMessage) => void,
) => http.ClientRequest;

/** How requests go to an S3 server: a bounded number at once, each with an end; all end with the signal. */
export function transportTo(
  { endpoint, ca }: Account,
  signal?: AbortSignal,
): {
  transport: { request: Request };
  agent: http.Agent;
} {
  const secure = endpoint.protocol === 'https:';
  const options = { keepAlive: true, maxSockets: connections };
  const agent = secure
    ? new https.Agent({ ...options, ...(ca && { ca: [...rootCertificates, ca] }) })
    : new http.Agent(options);

  // Requests under way would keep the process alive.
  signal?.addEventListener('abort', () => agent.destroy(), { once: true });

  const request: Request = (options, onResponse) => {
    const sent = (secure ? https : http).request(options, (response) => {
      const { statusCode = 0 } = response;
      if (!passingStatus.includes(statusCode)) return onResponse(response);
      text(response)
        .catch(() => '')
        .then((body) => sent.emit('error', busy(statusCode, body)));
    });
    const silent = Object.assign(new Error(`nothing came for ${idleMilliseconds / 1000} s`), {
      code: 'ETIMEDOUT',
    });
    return sent.setTimeout(idleMilliseconds, () => sent.destroy(silent));
  };
  return { transport: { request }, agent };
}

/** True for the answer of a server that may do better soon. */
export function isBusy(error: unknown): boolean {
  return error instanceof BusyError;
}

/** True for the answer of a server that wants fewer requests, whatever they ask for. */
export function isThrottled(error: unknown): boolean {
  return error instanceof BusyError && (error.status === 429 || error.reason === 'SlowDown');
}

class BusyError extends Error {
  readonly code: string;

  /** @param reason S3's code in the answer, where there is one */
  constructor(
    readonly status: number,
    readonly reason: string | undefined,
  ) {
    super(`it answers with status ${status}${reason ? ` (${reason})` : ''}`);
    this.code = `HTTP ${status}`;
  }
}

function busy(status: number, body: string): BusyError {
  return new BusyError(status, /<Code>(\w+)<\/Code>/.exec(body)?.[1]);
}
