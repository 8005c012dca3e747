import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GillnetError } from '../../errors.js';
import { Refusal } from './problems.js';

const shortest = 16;

/** Keys of which clients must give one; held as hashes, so that comparing two takes the same time whatever they are. */
export class ApiKeys {
  #hashes: Buffer[];

  /** @param where they come from, for messages @throws GillnetError USAGE for none, and for one that is easily guessed */
  constructor(keys: string[], where: string) {
    const short = keys.findIndex((key) => key.length < shortest);
    if (keys.length === 0 || short >= 0) {
      const found = keys.length === 0 ? 'There is no key' : `Key ${short + 1} is shorter`;
      throw new GillnetError(
        'USAGE',
        `${found} in ${where}. Expected keys of ${shortest} characters or more, such as \`openssl rand -hex 32\` gives.`,
      );
    }
    this.#hashes = keys.map(hashOf);
  }

  /** All keys are looked at, also behind the one that fits. */
  has(key: string): boolean {
    const hash = hashOf(key);
    return this.#hashes.map((known) => timingSafeEqual(known, hash)).includes(true);
  }
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** Closes all that is not open. */
export function addKeys(app: FastifyInstance, keys: ApiKeys): void {
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.isOpen) return;
    const key = keyOf(request);
    if (key !== null && keys.has(key)) return;
    const detail = `${key === null ? 'An API key is missing' : 'This is no API key'}. Give one as \`Authorization: Bearer KEY\` or \`X-API-Key: KEY\`.`;
    throw new Refusal(401, detail, { 'www-authenticate': 'Bearer realm="gillnet"' });
  });
}

function keyOf({ headers }: FastifyRequest): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const own = headers['x-api-key'];
  return bearer ?? (typeof own === 'string' ? own : null);
}
