import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { messageOf } from '../../errors.js';
import { BadLabel, BadPhotos, NotKept, Overloaded, TimedOut } from '../../serving/refusals.js';
import type { Problem } from './schemas.js';

const mediaType = 'application/problem+json';

const bodies =
  'Expected multipart/form-data, application/json, or a photo itself as image/… or application/octet-stream.';

/** An answer that is a refusal. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly headers: Record<string, string> = {},
    readonly errors?: Problem['errors'],
  ) {
    super(detail);
  }
}

/** Of status 500 and above, and nobody's fault here. */
const foreseen = [Refusal, TimedOut, NotKept];

/** Every error as problem+json. @param onDefect told of those that are the server's own fault */
export function addProblems(app: FastifyInstance, onDefect: (error: unknown) => void): void {
  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error as FastifyError);
    if (refusal.status >= 500 && !foreseen.some((kind) => error instanceof kind)) onDefect(error);
    return send(refusal, request, reply);
  });
}

/** Addresses and methods that are none, before anything else of the request is looked at. To be added before the routes. */
export function refuseUnknown(app: FastifyInstance): void {
  /** By path. */
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    methods.set(url, new Set([...(methods.get(url) ?? []), ...[method].flat()]));
  });
  app.addHook('onRequest', async (request) => {
    if (!request.is404) return;
    const path = request.url.split('?')[0] as string;
    const allow = [...(methods.get(path) ?? [])].join(', ');
    throw allow === ''
      ? new Refusal(404, 'There is nothing here; /docs tells what there is.')
      : new Refusal(405, `${path} takes ${allow}.`, { allow });
  });
}

/** What is no HTTP that a request could be made of. */
export function refuseClient(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, detail] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? [408, 'The request did not arrive in time.']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? [431, 'The headers are too large.']
        : [400, 'This is no HTTP.'];
  const body = JSON.stringify({ ...told(status, detail), requestId: '' });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${mediaType}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

export function send(refusal: Refusal, request: FastifyRequest, reply: FastifyReply) {
  const { status, message, headers, errors } = refusal;
  const problem: Problem = {
    ...{ ...told(status, message), requestId: request.id },
    ...(errors && { errors }),
  };
  return reply
    .code(status)
    .headers({ 'x-request-id': request.id, ...headers })
    .type(mediaType)
    .send(problem);
}

function told(status: number, detail: string) {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail };
}

/** What was thrown, as an answer; what nobody foresaw says nothing of itself. */
export function refusalOf(error: Error & Partial<FastifyError>): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof Overloaded) {
    return new Refusal(429, error.message, { 'retry-after': String(error.retryAfter) });
  }
  if (error instanceof TimedOut) return new Refusal(503, error.message, { 'retry-after': '1' });
  if (error instanceof NotKept) return new Refusal(503, error.message, { 'retry-after': '30' });
  if (error instanceof BadLabel) return new Refusal(422, error.message);
  if (error instanceof BadPhotos) {
    const { photos } = error;
    const detail = `${photos.length === 1 ? 'A photo' : `${photos.length} photos`} can't be used, so that nothing was done.`;
    return new Refusal(422, detail, {}, photos);
  }
  const { statusCode = 500 } = error;
  if (statusCode === 415) return new Refusal(415, bodies);
  if (statusCode < 500) return new Refusal(statusCode, messageOf(error));
  return new Refusal(500, 'Something went wrong here; the server’s log says what.');
}
