import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Limits } from '../../serving/limits.js';
import { Overloaded } from '../../serving/refusals.js';

/** Bounds the memory of bodies that arrive at once: a request is refused before its body is read. */
export class Intake {
  #limits: Pick<Limits, 'requestBytes' | 'heldBytes'>;
  #held = 0;

  constructor(limits: Pick<Limits, 'requestBytes' | 'heldBytes'>) {
    this.#limits = limits;
  }

  /** Holds as much as the body says that it has, or may have, until the request has ended. @throws Overloaded */
  readonly take = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { requestBytes, heldBytes } = this.#limits;
    const declared = Number(request.headers['content-length'] ?? requestBytes);
    const bytes = Math.min(requestBytes, Number.isFinite(declared) ? declared : requestBytes);
    if (this.#held + bytes > heldBytes) throw new Overloaded(1);
    this.#held += bytes;
    reply.raw.once('close', () => {
      this.#held -= bytes;
    });
  };
}
