import type { FastifyInstance } from 'fastify';
import { event, type GillnetEvent } from '../../pipeline/events.js';
import type { Metrics } from './metrics.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Photos that it asks for. */
    photos: number;
  }
}

/** In place of a status that nobody has seen, as nginx has it. */
export const clientGone = 499;

/** Counts each request when it has ended, and tells of it. @returns how many have */
export function addAccessLog(
  app: FastifyInstance,
  metrics: Metrics,
  tell: (event: GillnetEvent) => void,
): { count: number } {
  const requests = { count: 0 };
  app.decorateRequest('photos', 0);
  app.addHook('onResponse', async (request, reply) => {
    requests.count += 1;
    const { method } = request;
    const aborted = !reply.raw.writableFinished;
    const [status, milliseconds] = [aborted ? clientGone : reply.statusCode, reply.elapsedTime];
    const route = request.routeOptions.url ?? 'none';
    metrics.answered({ method, route, status }, milliseconds / 1000);
    tell(
      event('answered', {
        ...{ id: request.id, client: request.ip, method },
        path: request.url.split('?')[0] as string,
        ...{ status, aborted, milliseconds, photos: request.photos },
      }),
    );
  });
  return requests;
}
