import type { FastifyInstance } from 'fastify';
import type { Limits } from '../../serving/limits.js';
import { Overloaded } from '../../serving/refusals.js';

/**
 * Bounds the memory of photos that arrive at once: a request is refused before its body is read. Until it has ended it
 * holds as much as the body says that it has, or may have.
 */
export function addIntake(app: FastifyInstance, { requestBytes, heldBytes }: Limits): void {
  let held = 0;
  app.addHook('onRequest', async (request, reply) => {
    if (!request.routeOptions.config.form) return;
    const declared = Number(request.headers['content-length'] ?? requestBytes);
    const bytes = Math.min(requestBytes, Number.isFinite(declared) ? declared : requestBytes);
    if (held + bytes > heldBytes) throw new Overloaded(1);
    held += bytes;
    reply.raw.once('close', () => {
      held -= bytes;
    });
  });
}
