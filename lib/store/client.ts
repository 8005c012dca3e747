import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { rootCertificates } from 'node:tls';
import { Client, type ClientOptions } from 'minio';
import type { Account } from './account.js';

/** Milliseconds without a byte on a connection, after which it is given up. */
const idleMilliseconds = 30_000;
/** Connections to one server: what bounds parallel downloads, however many are asked for. */
const connections = 16;
/** Of a server that is busy, restarting, or behind a gateway that is. */
const passingStatus = [408, 429, 500, 502, 503, 504];

/** What signs and sends requests to an account's server: a bounded number at once, each with an end; all end with the signal. */
export function clientOf(account: Account, signal: AbortSignal | undefined): Client {
  const { endpoint, accessKey, secretKey, sessionToken, region, ca } = account;
  const secure = endpoint.protocol === 'https:';
  const options = { keepAlive: true, maxSockets: connections };
  const agent = secure
    ? new https.Agent({ ...options, ...(ca && { ca: [...rootCertificates, ca] }) })
    : new http.Agent(options);

  // Requests under way would keep the process alive.
  signal?.addEventListener('abort', () => agent.destroy(), { once: true });

  const request = (
    options: http.RequestOptions,
    onResponse: (response: http.IncomingMessage) => void,
  ) => {
    const sent = (secure ? https : http).request(options, (response) => {
      const { statusCode = 0 } = response;
      if (!passingStatus.includes(statusCode)) return onResponse(response);
      text(response)
        .catch(() => '')
        .then((body) => sent.emit('error', new BusyError(statusCode, body)));
    });
    const silent = Object.assign(new Error(`nothing came for ${idleMilliseconds / 1000} s`), {
      code: 'ETIMEDOUT',
    });
    return sent.setTimeout(idleMilliseconds, () => sent.destroy(silent));
  };
  return new Client({
    endPoint: endpoint.hostname,
    port: Number(endpoint.port),
    useSSL: secure,
    accessKey,
    secretKey,
    pathStyle: account.style === 'path',
    transport: { request } as NonNullable<ClientOptions['transport']>,
    transportAgent: agent,
    // Server repeats whole calls, download and check included.
    retryOptions: { disableRetry: true },
    ...(sessionToken && { sessionToken }),
    ...(region && { region }),
  });
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
  /** S3's code in the answer, where there is one. */
  readonly reason: string | undefined;

  constructor(
    readonly status: number,
    body: string,
  ) {
    const reason = /<Code>(\w+)<\/Code>/.exec(body)?.[1];
    super(`it answers with status ${status}${reason ? ` (${reason})` : ''}`);
    this.code = `HTTP ${status}`;
    this.reason = reason;
  }
}
